/** The part of hbs that the portal calls. */
declare module 'hbs' {
  interface Hbs {
    registerPartials(folder: string): void;
    registerHelper(name: string, helper: (...args: unknown[]) => unknown): void;
  }
  const hbs: Hbs;
  export default hbs;
}
