/** What becomes of a photograph that has a caption already. */
export const EXISTING = ['skip', 'overwrite', 'append', 'prepend'] as const;

export type Existing = (typeof EXISTING)[number];
