import { systemCodeOf } from '../support/errors.js';
import { reasonOf } from './engine-reason.js';

export interface DockerAnswer {
  ok: boolean;
  /** Of the engine, when it answered. */
  version?: string;
  /** Why it did not. */
  reason?: string;
  /** It is there, but not for this user. */
  notAllowed?: boolean;
}

const PING_LIMIT_MS = 3000;

/** Does a Docker Engine answer (at DOCKER_HOST, or the usual socket)? The library is loaded only here. Never throws. */
export async function pingDocker(): Promise<DockerAnswer> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const { default: Docker } = await import('dockerode');
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${PING_LIMIT_MS / 1000} s`)), PING_LIMIT_MS);
    });
    const { Version } = await Promise.race([new Docker({ timeout: PING_LIMIT_MS }).version(), late]);
    return { ok: true, version: Version };
  } catch (error) {
    return {
      ok: false,
      reason: reasonOf(error),
      ...(systemCodeOf(error) === 'EACCES' ? { notAllowed: true } : {}),
    };
  } finally {
    clearTimeout(timer);
  }
}
