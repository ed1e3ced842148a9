/**
 * Reads component `component`, subcomponent `subcomponent` (both from 1, as the standard numbers them) of one repetition of a
 * field; an absent one is ''. The HL7 parser gives such a reader; `componentsOf` makes one from text.
 */
export type ReadComponent = (component: number, subcomponent?: number) => string;

export interface ComponentDelimiters {
  readonly component: string;
  readonly subcomponent: string;
}

const usual: ComponentDelimiters = { component: '^', subcomponent: '&' };

/** Reader over one repetition written as text, for values that travel outside of a message (forms, configuration). */
export function componentsOf(text: string, delimiters: ComponentDelimiters = usual): ReadComponent {
  const components = text.split(delimiters.component).map((part) => part.split(delimiters.subcomponent));
  return (component, subcomponent = 1) => components[component - 1]?.[subcomponent - 1] ?? '';
}
