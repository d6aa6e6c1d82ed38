/**
 * What search needs of a model. R rows decode side by side; a row is one hypothesis of one image.
 * B images, F feature, V vocabulary.
 */
export interface StepDecoder<State> {
  /** V: ids run from 0 to V - 1, the first of them special (see text/vocabulary). */
  readonly vocabularySize: number;

  /** The first state of each image: one row each. `features` is [B,F] row-major, `rows` is B. */
  start(features: Float32Array, rows: number): Promise<State>;

  /** One step: the word that each row saw last [R] -> log-probabilities of the next [R,V], next state. */
  step(tokens: Int32Array, state: State): Promise<{ logProbs: Float32Array; state: State }>;

  /** The state of the given rows, in that order; rows may repeat or be dropped. */
  select(state: State, rows: Int32Array): State;
}
