import { PlimsollError } from '../support/errors.js';
import type { FaultDefinition } from './fault.js';
import bandwidth from './bandwidth.js';
import command from './command.js';
import cpuStress from './cpu-stress.js';
import containerCpu from './container-cpu.js';
import containerDisconnect from './container-disconnect.js';
import containerExec from './container-exec.js';
import containerKill from './container-kill.js';
import containerMemory from './container-memory.js';
import containerPause from './container-pause.js';
import containerRestart from './container-restart.js';
import containerStop from './container-stop.js';
import diskFill from './disk-fill.js';
import down from './down.js';
import failFirst from './fail-first.js';
import httpAbort from './http-abort.js';
import httpDelay from './http-delay.js';
import httpStatus from './http-status.js';
import latency from './latency.js';
import limitData from './limit-data.js';
import memoryStress from './memory-stress.js';
import packetLoss from './packet-loss.js';
import partition from './partition.js';
import processFdLimit from './process-fd-limit.js';
import processKill from './process-kill.js';
import processPause from './process-pause.js';
import processRestart from './process-restart.js';
import processTerminate from './process-terminate.js';
import resetPeer from './reset-peer.js';
import slicer from './slicer.js';
import slowClose from './slow-close.js';
import timeout from './timeout.js';

/** All faults, in the order of the documentation. One line a file. */
export const faults: readonly FaultDefinition[] = [
  latency,
  bandwidth,
  slowClose,
  timeout,
  resetPeer,
  slicer,
  limitData,
  packetLoss,
  httpStatus,
  httpDelay,
  httpAbort,
  failFirst,
  down,
  partition,
  processKill,
  processPause,
  processRestart,
  processTerminate,
  processFdLimit,
  cpuStress,
  memoryStress,
  diskFill,
  containerKill,
  containerPause,
  containerStop,
  containerRestart,
  containerDisconnect,
  containerCpu,
  containerMemory,
  containerExec,
  command,
];

/** @throws PlimsollError `unknown_fault` with the types that exist. */
export function faultByType(type: string): FaultDefinition {
  const found = faults.find((fault) => fault.type === type);
  if (found) return found;
  throw new PlimsollError({
    code: 'unknown_fault',
    message: `there is no fault of type "${type}"`,
    hint: `There are: ${faults.map((fault) => fault.type).join(', ')}.`,
    kind: 'usage',
  });
}
