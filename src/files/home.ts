import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** The user's own folders, for what doesn't ship with this package. They exist once something is put into them. */
export interface HomeFolders {
  /** ONNX files of pretrained networks. */
  readonly encoders: string;
  /** Model folders, by name. */
  readonly models: string;
}

/**
 * Where the user's models and networks lie: in `CAPTION_HOME`, else in `$XDG_CACHE_HOME/caption`, else in
 * `~/.cache/caption`. (XDG Base Directory Specification: an empty or relative XDG_CACHE_HOME counts as not set.)
 */
export function homeFolders(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  user: string = homedir(),
): HomeFolders {
  const { CAPTION_HOME: own, XDG_CACHE_HOME: xdg } = environment;
  const cache = xdg !== undefined && isAbsolute(xdg) ? xdg : join(user, '.cache');
  const home = own ? resolve(own) : join(cache, 'caption');
  return { encoders: join(home, 'encoders'), models: join(home, 'models') };
}
