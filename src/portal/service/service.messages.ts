import type { AlarmSeverity } from '../../audit/alarms';
import type { HealthLevel } from '../../platform/health';

export const levelWords: Readonly<Record<HealthLevel, { label: string; tone: 'good' | 'warn' | 'bad'; rank: number }>> =
  {
    up: { label: 'En marche', tone: 'good', rank: 2 },
    warning: { label: 'À surveiller', tone: 'warn', rank: 1 },
    down: { label: 'En panne', tone: 'bad', rank: 0 },
  };

export const severityWords: Readonly<Record<AlarmSeverity, { label: string; tone: 'warn' | 'bad' }>> = {
  critical: { label: 'Critique', tone: 'bad' },
  warning: { label: 'Attention', tone: 'warn' },
};

/** What a check is called on the screen; a check without a word here keeps its own name. */
export const checkWords: Readonly<Record<string, string | undefined>> = {
  database: 'Base de données',
  certificates: 'Certificats',
  revocation: 'Listes de révocation',
  'white-list': 'Liste blanche',
  psc: 'Pro Santé Connect',
  dmp: 'DMP',
  hl7: 'Réception HL7',
  exchange: 'Accès des autres passerelles',
  dicom: 'Réception DICOM',
  publication: 'File de publication',
  viewer: 'Visionneuse',
  disk: 'Espace disque',
  clock: 'Horloge',
  cache: 'Cache des images',
  peers: 'Passerelles paires',
  'audit-repository': 'Dépôt de traces (ATNA)',
  'audit-trail': 'Journal d’audit',
};
export const pacsCheck = /^pacs-(.+)$/;

/** What a check is called on the screen. */
export function checkLabel(name: string): string {
  const pacs = pacsCheck.exec(name)?.[1];
  return pacs ? `PACS « ${pacs} »` : (checkWords[name] ?? name);
}

export const serviceMessages = {
  title: 'État du service',
  allWell: 'Tout fonctionne.',
  ready: 'La passerelle est prête : elle reçoit et sert.',
  notReady: 'La passerelle n’est pas prête : un élément indispensable est en panne.',
  since: 'Depuis le',
  lastError: 'Dernière erreur',
  advice: 'Que faire',
  guide: 'Fiche d’aide (en anglais)',
  facts: 'Mesures',
  critical: 'indispensable',
  checkedAt: 'Vérifié le',
  renewed: 'La page se met à jour seule.',
  checks: 'Éléments contrôlés',
  alarms: 'Alarmes en cours',
  noAlarm: 'Aucune alarme en cours.',
  raisedAt: 'Levée le',
  takenBy: 'Prise en compte par',
  take: 'Prendre en compte',
  taken: 'L’alarme est prise en compte.',
  notTaken: 'L’alarme est terminée, ou quelqu’un l’a déjà prise en compte.',
  ended: 'Alarmes terminées',
  endedAt: 'Terminée le',
  lasted: 'Durée',
  alarm: 'Alarme',
  severity: 'Gravité',
  show: 'Voir l’état du service',
  inHand: 'prise en compte',
  back: 'État du service',
  guideNote: 'Fiche en anglais, la même que dans la documentation (docs/runbook).',
  trouble: (down: number, warning: number): string =>
    [
      down > 0 ? `${down} ${down > 1 ? 'éléments en panne' : 'élément en panne'}` : '',
      warning > 0 ? `${warning} à surveiller` : '',
    ]
      .filter(Boolean)
      .join(', ') + '.',
  alarmsNow: (number: number): string => (number > 1 ? `${number} alarmes en cours` : 'Une alarme en cours'),
} as const;
