// What the widget says, in each language.

import { readFile, readdir } from 'node:fs/promises';

const FOLDER = new URL('../../web/languages/', import.meta.url);

/** The texts of each language by its tag. */
export const LANGUAGES = Object.fromEntries(
  await Promise.all((await readdir(FOLDER)).sort().map(async (file) => [file.replace('.json', ''), JSON.parse(await readFile(new URL(file, FOLDER), 'utf8'))])),
);
