import { HttpError, serveHttp, type Answer, type HttpService } from '../shared/http.js';
import type { Logger } from '../shared/log.js';
import { PORTS } from '../shared/settings.js';
import type { Supervisor } from './supervisor.js';

/** What an operator may ask of the supervisor, on a port of its own: see `control.ts`. */
export async function serveOperations(supervisor: Supervisor, log: Logger): Promise<HttpService> {
  const answerTo = async (act: () => Promise<unknown>): Promise<Answer> => {
    try {
      return { status: 200, body: await act() };
    } catch (error) {
      throw new HttpError(409, error instanceof Error ? error.message : 'no reason');
    }
  };
  return serveHttp(PORTS.supervisorOps, log, () => true, {
    'POST /reload/:id': ({ id }) => answerTo(() => supervisor.reload(id)),
    'POST /start/:id': ({ id }) =>
      answerTo(async () => {
        await Promise.resolve(supervisor.start(id));
        return { started: id };
      }),
  });
}
