import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { AuditOrigin } from '../audit';

/** What the kernel gives a process that no login started. */
const noLogin = 0xffff_ffff;

/**
 * Who asked: the account of the operating system and its machine. An account used by several (`sudo -u drimbox`) hides who
 * logged in; the kernel of Linux remembers it.
 */
export function commandOrigin(): AuditOrigin {
  const login = loginUid();
  return {
    by: 'command line',
    operator: accountName(),
    operatorHost: hostname(),
    ...(login === undefined ? {} : { operatorLoginUid: login }),
  };
}

/** In a container, the account may have a number only. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

function loginUid(): number | undefined {
  try {
    const uid = Number(readFileSync('/proc/self/loginuid', 'utf8'));
    return Number.isInteger(uid) && uid !== noLogin ? uid : undefined;
  } catch {
    return undefined;
  }
}
