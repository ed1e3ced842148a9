/** Every text of the portal's frame that a professional reads. Rooms add theirs in files beside their screens. */
export const messages = {
  product: 'DRIMbox',
  tagline: "Partage d'images médicales",
  login: 'Se connecter avec Pro Santé Connect',
  logout: 'Se déconnecter',
  skip: 'Aller au contenu',
  menu: 'Menu principal',
  home: 'Accueil',
  publications: 'Publications',
  service: 'État du service',
  statistics: 'Statistiques',
  trail: "Journal d'audit",
  reference: 'Référence',
} as const;
