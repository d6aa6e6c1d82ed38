/** The library: `import { Captioner } from 'caption'`. */
export type { Caption } from './captioning/caption.ts';
export { Captioner, type CaptionerOptions } from './captioning/captioner.ts';
export type { SearchRequest } from './captioning/search-options.ts';
export type { CaptionedImage, Dataset, Split } from './dataset/example.ts';
export { readDataset } from './dataset/read.ts';
export { UserError } from './errors.ts';
export { type CaptionScores, scoreCaptions } from './evaluation/score.ts';
export type { ImageSource } from './vision/image-bytes.ts';
