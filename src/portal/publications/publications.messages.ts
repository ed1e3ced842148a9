import type { PublicationKind, PublicationState, PublicationTrigger } from '../../source/publication';

type Tone = 'good' | 'warn' | 'bad' | 'plain';

export const stateWords: Readonly<Record<PublicationState, { label: string; tone: Tone; meaning: string }>> = {
  received: { label: 'Reçue', tone: 'plain', meaning: 'Le compte rendu est enregistré ; rien n’est encore fait.' },
  'waiting-for-images': {
    label: 'Attend les images',
    tone: 'warn',
    meaning: 'L’examen est absent du PACS ou ses images arrivent encore.',
  },
  'to-publish': { label: 'À publier', tone: 'plain', meaning: 'Le manifeste est prêt et conservé.' },
  publishing: { label: 'En cours d’envoi', tone: 'plain', meaning: 'Le manifeste est envoyé au DMP.' },
  published: { label: 'Publiée', tone: 'good', meaning: 'Le DMP détient le manifeste.' },
  replaced: { label: 'Remplacée', tone: 'plain', meaning: 'Une publication plus récente a pris sa place.' },
  withdrawn: { label: 'Retirée', tone: 'plain', meaning: 'L’examen n’a plus de manifeste au DMP.' },
  refused: { label: 'Refusée', tone: 'bad', meaning: 'Quelqu’un doit corriger la cause, puis relancer.' },
  dead: { label: 'Abandonnée', tone: 'bad', meaning: 'Toutes les tentatives ont échoué ; elle peut être relancée.' },
};

export const kindWords: Readonly<Record<PublicationKind, string>> = {
  initial: 'Nouveau compte rendu',
  replacement: 'Nouvelle version du compte rendu',
  visibility: 'Changement de visibilité',
  deletion: 'Suppression',
  'study-change': 'Examen modifié dans le PACS',
};

export const triggerWords: Readonly<Record<PublicationTrigger, string>> = {
  report: 'Compte rendu (RIS)',
  'order-message': 'Message OMI (RIS)',
  'rejection-note': 'Note de rejet (PACS)',
};

/** Texts of the publications pages. */
export const publicationMessages = {
  title: 'Publications',
  today: 'Aujourd’hui',
  received: 'Reçues',
  done: 'Publiées',
  waiting: 'En attente d’images',
  underWay: 'En cours',
  parked: 'À traiter',
  median: 'Délai médian',
  search: 'Rechercher',
  clear: 'Tout afficher',
  filters: 'Recherche',
  state: 'État',
  anyState: 'Tous les états',
  from: 'Du',
  to: 'Au',
  accession: 'N° d’examen',
  study: 'Étude (UID)',
  text: 'Patient, RIS, texte',
  receivedAt: 'Reçue le',
  kind: 'Nature',
  trigger: 'Origine',
  images: 'Images',
  reason: 'Motif',
  none: 'Aucune publication ne correspond à cette recherche.',
  detail: 'Publication n°',
  back: 'Toutes les publications',
  retry: 'Relancer la publication',
  retryHint: 'Corrigez d’abord la cause. La relance reprend au début, sans jamais publier deux fois.',
  retried: 'La publication est relancée.',
  nextAttempt: 'Prochaine tentative',
  attempts: 'Tentatives',
  settledAt: 'Terminée le',
  manifest: 'Manifeste (KOS)',
  message: 'Message reçu (MSH-10)',
  correlation: 'Corrélation',
  pacs: 'PACS',
  overtakenBy: 'Remplacée par',
  history: 'Historique',
  messageSent: 'Message au DMP',
  attempt: 'tentative',
  by: 'par',
  facts: 'Faits',
} as const;
