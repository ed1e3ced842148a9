/** One work situation (situation d'exercice) as Pro Santé Connect tells it in SubjectRefPro. */
export interface SandboxActivity {
  readonly structure: string;
  /** ancienIdentifiantDeLaStructure. */
  readonly structureId: string;
  readonly sector: string;
  readonly finess?: string;
}

/** An invented professional who may log in. The password is for the sandbox only. */
export interface SandboxUser {
  readonly username: string;
  readonly password: string;
  /** Eleven digits. */
  readonly rpps: string;
  readonly given: string;
  readonly family: string;
  /** Code of TRE_G15 (10: physician). */
  readonly profession: string;
  /** Code of TRE_R38 (SM28, SM24: radiology). */
  readonly skill?: string;
  readonly activities: readonly SandboxActivity[];
}

export const sandboxUsers: readonly SandboxUser[] = [
  {
    username: 'radiologue',
    password: 'radiologue',
    rpps: '99900000017',
    given: 'CAMILLE',
    family: 'ESSAI-RADIOLOGUE',
    profession: '10',
    skill: 'SM44',
    activities: [
      {
        structure: 'CENTRE HOSPITALIER DE DEMONSTRATION',
        structureId: '999900000000019',
        sector: 'SA01',
        finess: '999900001',
      },
      { structure: 'CABINET D’IMAGERIE DE DEMONSTRATION', structureId: '999900000000043', sector: 'SA07' },
    ],
  },
  {
    username: 'generaliste',
    password: 'generaliste',
    rpps: '99900000025',
    given: 'DOMINIQUE',
    family: 'ESSAI-GENERALISTE',
    profession: '10',
    skill: 'SM54',
    activities: [{ structure: 'CABINET MEDICAL DE DEMONSTRATION', structureId: '999900000000050', sector: 'SA07' }],
  },
];

/** The claims of userinfo, in the form of Pro Santé Connect's own (names, empty strings and coded values included). */
export function claimsOf(user: SandboxUser): Record<string, unknown> {
  const nationalId = `8${user.rpps}`;
  return {
    sub: subjectOf(user),
    Secteur_Activite: `${user.activities[0]?.sector ?? 'SA01'}^1.2.250.1.71.4.2.4`,
    SubjectOrganization: user.activities[0]?.structure ?? '',
    SubjectOrganizationID: user.activities[0]?.structureId ?? '',
    Mode_Acces_Raison: '',
    Acces_Regulation_Medicale: 'FAUX',
    UITVersion: '1.0',
    Palier_Authentification: 'APPPRIS3^1.2.250.1.213.1.5.1.1.1',
    PSI_Locale: '1.2.250.1.213.1.3.1.1',
    SubjectNameID: nationalId,
    SubjectRole: [`${user.profession}^1.2.250.1.213.1.1.5.5`],
    SubjectRefPro: { codeCivilite: '', exercices: [exerciceOf(user)] },
    otherIds: [{ identifiant: nationalId, origine: 'RPPS', qualite: 1 }],
    authMode: 'MOBILE',
    email_verified: false,
    preferred_username: nationalId,
    given_name: user.given,
    family_name: user.family,
  };
}

export function subjectOf(user: SandboxUser): string {
  return `f:bac-a-sable:8${user.rpps}`;
}

function exerciceOf(user: SandboxUser): Record<string, unknown> {
  return {
    codeProfession: user.profession,
    codeCategorieProfessionnelle: 'C',
    codeCiviliteDexercice: 'DR',
    nomDexercice: user.family,
    prenomDexercice: user.given,
    codeTypeSavoirFaire: user.skill ? 'S' : '',
    codeSavoirFaire: user.skill ?? '',
    activities: user.activities.map((activity) => ({
      codeModeExercice: activity.sector === 'SA07' ? 'L' : 'S',
      codeSecteurDactivite: activity.sector,
      codeSectionPharmacien: '',
      codeRole: '',
      numeroSiretSite: '',
      numeroSirenSite: '',
      numeroFinessSite: activity.finess ?? '',
      numeroFinessetablissementJuridique: '',
      identifiantTechniqueDeLaStructure: `F${activity.structureId}`,
      raisonSocialeSite: activity.structure,
      enseigneCommercialeSite: '',
      ancienIdentifiantDeLaStructure: activity.structureId,
      autoriteDenregistrement: 'ARS/CNOM/ARS',
    })),
  };
}
