// A style sheet imports as its text; the build joins it into the panel as a string.
declare module '*.css' {
  const text: string;
  export default text;
}
