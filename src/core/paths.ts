import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

/** Where things that can be made again are kept: BROWNOUT_CACHE, else XDG_CACHE_HOME/brownout, else ~/.cache/brownout. */
export function cacheRoot(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment['BROWNOUT_CACHE'];
  if (own !== undefined && own !== '') return resolve(own);
  const xdg = environment['XDG_CACHE_HOME'];
  return resolve(xdg !== undefined && xdg !== '' ? xdg : join(homeFolder(), '.cache'), 'brownout');
}

/** Where HOME is empty, as of services that are told nothing: the home that the system knows. */
function homeFolder(): string {
  const home = homedir();
  return home === '' ? userInfo().homedir : home;
}
