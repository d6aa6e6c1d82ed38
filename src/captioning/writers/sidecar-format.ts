/** The contents of a file that stands beside one photograph and holds its caption. */
export interface SidecarFormat {
  /** The ending of its name, with the dot; `--extension` may give another. */
  readonly extension: string;
  /**
   * The caption in a sidecar that exists; undefined where it has none.
   *
   * @throws UserError (without the file's name) where the contents can't be understood
   */
  read(contents: string): string | undefined;
  /**
   * The contents with this caption in place of the old one, and all else as it was.
   * @param contents of the sidecar that exists, if there is one
   */
  write(contents: string | undefined, caption: string): string;
}
