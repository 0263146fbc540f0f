// Pictures of a page as numbers, for what computed styles cannot tell.

/** Keeps the surroundings of a control in the picture, where its focus ring is, in pixels. */
const MARGIN = 8;

/**
 * A picture of a place on the page; `box` is an element's. What moves stands still, and the caret is not there.
 *
 * @returns {Promise<string>} base64
 */
export async function pictureOf(page, box) {
  const { width, height } = page.viewportSize();
  const [left, top] = [Math.max(0, box.x - MARGIN), Math.max(0, box.y - MARGIN)];
  const [right, bottom] = [Math.min(width, box.x + box.width + MARGIN), Math.min(height, box.y + box.height + MARGIN)];
  const clip = { x: left, y: top, width: right - left, height: bottom - top };
  return (await page.screenshot({ clip, animations: 'disabled', caret: 'hide' })).toString('base64');
}

/** How many pixels of two pictures of one place differ with at least this contrast (WCAG 2.2, 1.4.11). */
export async function pixelsThatChanged(page, before, after, contrast) {
  return page.evaluate(
    async ([pictures, limit]) => {
      const [a, b] = await Promise.all(pictures.map(async (base64) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
        context.drawImage(picture, 0, 0);
        return context.getImageData(0, 0, picture.width, picture.height).data;
      }));
      const linear = (value) => (value <= 10.31 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
      const light = (data, at) => 0.2126 * linear(data[at]) + 0.7152 * linear(data[at + 1]) + 0.0722 * linear(data[at + 2]) + 0.05;
      let changed = 0;
      for (let at = 0; at < a.length; at += 4) {
        const [one, other] = [light(a, at), light(b, at)];
        if (Math.max(one, other) / Math.min(one, other) >= limit) changed++;
      }
      return changed;
    },
    [[before, after], contrast],
  );
}
