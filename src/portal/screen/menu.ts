import type { PortalRole, PortalUser } from '../session/portal-user';
import { messages } from './messages';

interface Entry {
  readonly href: string;
  readonly label: string;
  /** One line for the first page. */
  readonly hint?: string;
  /** Roles that see it; `professional`: whoever is logged in by Pro Santé Connect. */
  readonly for: readonly (PortalRole | 'professional')[];
}

export const menuEntries: readonly Entry[] = [
  { href: '/', label: messages.home, for: ['professional', 'operator', 'auditor', 'administrator'] },
  { href: '/dossiers', label: messages.patients, hint: messages.patientsHint, for: ['professional'] },
  {
    href: '/publications',
    label: messages.publications,
    hint: messages.publicationsHint,
    for: ['operator', 'administrator'],
  },
  {
    href: '/service',
    label: messages.service,
    hint: messages.serviceHint,
    for: ['operator', 'auditor', 'administrator'],
  },
  {
    href: '/statistiques',
    label: messages.statistics,
    hint: messages.statisticsHint,
    for: ['operator', 'auditor', 'administrator'],
  },
  { href: '/journal', label: messages.trail, hint: messages.trailHint, for: ['auditor', 'administrator'] },
];

const isBelow = (path: string, href: string): boolean => path === href || (href !== '/' && path.startsWith(`${href}/`));

/** The main menu of this user; a page that declares other roles than its entry here is found by the route test. */
export function menuOf(
  user: PortalUser | undefined,
  path: string,
): { href: string; label: string; hint?: string; current: boolean }[] {
  if (!user) return [];
  const own: readonly string[] = user.provider === 'psc' ? ['professional', ...user.roles] : user.roles;
  return menuEntries
    .filter((entry) => entry.for.some((role) => own.includes(role)))
    .map(({ href, label, hint }) => ({ href, label, hint, current: isBelow(path, href) }));
}
