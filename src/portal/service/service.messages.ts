import type { HealthLevel } from '../../platform/health';

export const levelWords: Readonly<Record<HealthLevel, { label: string; tone: 'good' | 'warn' | 'bad'; rank: number }>> =
  {
    up: { label: 'En marche', tone: 'good', rank: 2 },
    warning: { label: 'À surveiller', tone: 'warn', rank: 1 },
    down: { label: 'En panne', tone: 'bad', rank: 0 },
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
  atna: 'Dépôt de traces (ATNA)',
  'audit-seal': 'Scellement du journal',
};
export const pacsCheck = /^pacs-(.+)$/;

export const serviceMessages = {
  title: 'État du service',
  allWell: 'Tout fonctionne.',
  since: 'Depuis le',
  lastError: 'Dernière erreur',
  advice: 'Que faire',
  facts: 'Mesures',
  critical: 'indispensable',
  checkedAt: 'Vérifié le',
  renewed: 'La page se met à jour seule.',
  trouble: (down: number, warning: number): string =>
    [
      down > 0 ? `${down} ${down > 1 ? 'éléments en panne' : 'élément en panne'}` : '',
      warning > 0 ? `${warning} à surveiller` : '',
    ]
      .filter(Boolean)
      .join(', ') + '.',
} as const;
