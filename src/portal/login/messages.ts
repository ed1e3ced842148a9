const sectors: Readonly<Record<string, string | undefined>> = {
  SA01: 'Établissement public de santé',
  SA02: 'Hôpital militaire du service de santé des armées',
  SA03: 'Établissement privé participant au service public hospitalier',
  SA04: 'Autre établissement privé de santé',
  SA05: 'Centre de santé',
  SA07: 'Cabinet individuel',
  SA08: 'Cabinet de groupe',
  SA09: 'Exercice en société',
};

/** Texts of the login pages. Sectors: main codes of TRE_R02. */
export const loginMessages = {
  situationTitle: "Situation d'exercice",
  situationIntro:
    'Vous exercez dans plusieurs structures. Choisissez celle pour laquelle vous agissez : elle figure dans la trace de chaque accès aux données des patients.',
  structure: 'Structure',
  continue: 'Continuer',
  none: "Pro Santé Connect n'indique aucune situation d'exercice : vous ne pouvez pas consulter de données de patients.",
  sectors,
} as const;
