/**
 * Types of htm, whose own ones describe a CommonJS module.
 *
 * @module
 */

/** Binds markup to a function that makes elements. */
declare const htm: {
  bind<Element>(
    h: (type: any, props: any, ...children: any[]) => Element,
  ): (strings: TemplateStringsArray, ...values: unknown[]) => Element;
};
export default htm;
