import { accessSync, constants, readFileSync, realpathSync, statSync, statfsSync } from 'node:fs';
import { PlimsollError, systemCodeOf } from '../support/errors.js';
import { RESERVE_SHARE } from './memory.js';

/** The file system that a folder is on. */
export interface Disk {
  /** With all symbolic links followed. */
  folder: string;
  /** "ext4", "tmpfs". */
  type: string;
  /** Where it is mounted. */
  point: string;
  /** Number of the device, which another mount at the same place would not have. */
  device: number;
  /** It holds the machine's own root folder. */
  isRoot: boolean;
  /** What is written there is held in memory. */
  isMemory: boolean;
}

export interface DiskSpace {
  totalBytes: number;
  /** What an ordinary user may still write. */
  availableBytes: number;
}

const IN_MEMORY = ['tmpfs'];
/** Not for files of users, or without an end: writing there would fill the memory up to its last byte. */
const PSEUDO =
  /^(proc|sysfs|cgroup2?|devtmpfs|devpts|ramfs|hugetlbfs|mqueue|debugfs|tracefs|securityfs|configfs|pstore|bpf|fusectl|binfmt_misc|efivarfs|autofs|nsfs|rpc_pipefs|selinuxfs)$/;
/** On another host, which others use too. */
const REMOTE =
  /^(nfs4?|cifs|smb3?|smbfs|ceph|lustre|afs|glusterfs|gfs2|ocfs2|fuse\.(sshfs|glusterfs|s3fs|rclone|ceph))$/;

/**
 * Finds the file system of a folder that is to be filled.
 *
 * @throws PlimsollError `no_folder`, `no_proc`, `pseudo_file_system`, `other_host`
 */
export function diskAt(path: string): Disk {
  const { folder, device } = writableFolder(path);
  const mounts = mountTable();
  const mount = mounts.findLast(({ point }) => contains(point, folder) && longest(mounts, folder) === point.length);
  if (!mount) throw new Error(`${folder} is on no mount`);
  const { type, point, source } = mount;
  const { blocks } = statfsSync(folder);
  if (PSEUDO.test(type) || blocks === 0) {
    throw refusal(
      'pseudo_file_system',
      `${path} is on ${type} (mounted at ${point}), which has no disk that could be filled`,
      'Name a folder on a disk or on a tmpfs: `df` lists them.',
    );
  }
  if (REMOTE.test(type)) {
    throw refusal(
      'other_host',
      `${path} is on ${type} (${source}, mounted at ${point}): it is on another host, which others may use too`,
      'Name a folder on a disk of this machine.',
    );
  }
  const root = mounts.findLast((one) => one.point === '/');
  return {
    folder,
    type,
    point,
    device,
    isRoot: device === statSync('/').dev || (source.startsWith('/dev/') && source === root?.source),
    isMemory: IN_MEMORY.includes(type),
  };
}

/** As the file system itself says it. */
export function spaceOf(folder: string): DiskSpace {
  const { bsize, blocks, bavail } = statfsSync(folder);
  return { totalBytes: blocks * bsize, availableBytes: bavail * bsize };
}

/** How much may still be written, the reserve kept free; negative when it is touched already. */
export function diskRoom({ totalBytes, availableBytes }: DiskSpace): number {
  return Math.floor(availableBytes - RESERVE_SHARE * totalBytes);
}

/** How much must be written until so much of the disk is in use, in bytes; what is kept for the superuser counts as used. */
export function diskUpTo({ totalBytes, availableBytes }: DiskSpace, share: number): number {
  return Math.floor(availableBytes - (1 - share) * totalBytes);
}

function writableFolder(path: string): { folder: string; device: number } {
  try {
    const folder = realpathSync(path);
    const found = statSync(folder);
    if (!found.isDirectory()) throw refusal('no_folder', `${path} is not a folder`, 'Name the folder that it is in.');
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { folder, device: found.dev };
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === undefined) throw error;
    throw refusal(
      'no_folder',
      code === 'ENOENT' ? `there is no folder ${path}` : `Plimsoll may not write in the folder ${path} (${code})`,
      'Name a folder that is there, on the disk to be filled, and that this user may write.',
    );
  }
}

interface MountEntry {
  point: string;
  type: string;
  source: string;
}

/** In the order of mounting: a later one covers an earlier one at the same place. */
function mountTable(): MountEntry[] {
  let text: string;
  try {
    text = readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    throw refusal(
      'no_proc',
      `disk-fill cannot tell file systems apart on ${process.platform}: there is no /proc/self/mountinfo`,
      'It needs Linux; `plimsoll doctor` lists what works here.',
    );
  }
  return text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const point = before.split(' ')[4];
      const [type = '', source = ''] = after.split(' ');
      return point === undefined ? [] : [{ point: unescaped(point), type, source: unescaped(source) }];
    });
}

function contains(point: string, folder: string): boolean {
  return point === '/' || folder === point || folder.startsWith(`${point}/`);
}

function longest(mounts: readonly MountEntry[], folder: string): number {
  return Math.max(...mounts.filter(({ point }) => contains(point, folder)).map(({ point }) => point.length));
}

/** The kernel writes blanks and the like as `\040`. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

function refusal(code: string, message: string, hint: string): PlimsollError {
  return new PlimsollError({ code, message, hint, kind: 'usage' });
}
