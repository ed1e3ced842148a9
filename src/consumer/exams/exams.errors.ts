import { defineErrors } from '../../platform/errors';

export const examErrors = defineErrors('exams', {
  consentMissing: {
    code: 'exams.consent-missing',
    status: 403,
    caller: 'The patient is opposed, or was not asked.',
    operator: 'A page of exams was asked for although the call says that the patient is opposed or was not informed.',
    screen: 'L’information et le consentement du patient ne permettent pas la consultation.',
  },
  situationRequired: {
    code: 'exams.situation-required',
    status: 409,
    caller: 'A work situation must be chosen first.',
    operator: 'The exams of a patient were asked for before it was known for which structure the professional acts.',
    screen: 'Choisissez d’abord votre situation d’exercice.',
  },
  recordAbsent: {
    code: 'exams.record-absent',
    status: 404,
    caller: 'The patient has no national record.',
    operator: 'The DMP answered that this patient has no record; the exams were not asked for.',
    screen: 'Ce patient n’a pas de dossier « Mon espace santé » (DMP).',
  },
  recordClosed: {
    code: 'exams.record-closed',
    status: 403,
    caller: 'The record may not be read by this professional.',
    operator: 'The DMP answered that this professional has no access to the record (authorisation other than VALIDE).',
    screen: 'Vous n’êtes pas autorisé à consulter le DMP de ce patient.',
  },
  notFound: {
    code: 'exams.not-found',
    status: 404,
    caller: 'There is no such exam for this patient.',
    operator: 'An exam or a document was asked for that is not (or no longer) in the list of this patient.',
    screen: 'Cet examen n’est plus dans la liste. Actualisez la liste des examens.',
  },
  noImages: {
    code: 'exams.no-images',
    status: 404,
    caller: 'This exam has no shared images.',
    operator: 'The images of an exam were asked for that only has a report.',
    screen: 'Les images de cet examen ne sont pas partagées.',
  },
  identityDiffers: {
    code: 'exams.identity-differs',
    status: 409,
    caller: 'The identity of the exam is not the one of the patient.',
    operator:
      'A strict trait of a document differs from the contextual call: it was not shown. Tell the identity officer of the hospital that published it.',
    screen: 'L’identité portée par cet examen diffère de celle du patient appelé : il ne peut pas être ouvert.',
  },
  unproven: {
    code: 'exams.unproven',
    status: 502,
    caller: 'The national record does not tell the hash of this document.',
    operator:
      'The entry of an approved manifest or report tells no hash (XDS requires it): the document could not be proven and was not asked for. Tell the hospital that published it.',
    screen: 'Le DMP ne donne pas l’empreinte de ce document : il ne peut pas être vérifié et n’est pas ouvert.',
  },
  manifestUnreadable: {
    code: 'exams.manifest-unreadable',
    status: 502,
    caller: 'The manifest of this exam cannot be read.',
    operator: 'The bytes of a manifest are not one, or not the one of its entry; the detail says why.',
    screen: 'La référence des images de cet examen est illisible.',
  },
  reportUnreadable: {
    code: 'exams.report-unreadable',
    status: 502,
    caller: 'The report cannot be read.',
    operator: 'A report of the record is not a CDA whose patient can be verified; the detail says why.',
    screen: 'Ce compte rendu est illisible : son patient n’a pas pu être vérifié.',
  },
  reportWithoutPdf: {
    code: 'exams.report-without-pdf',
    status: 415,
    caller: 'The report holds no PDF.',
    operator: 'A report of the record holds no embedded PDF; only those can be shown.',
    screen: 'Ce compte rendu ne contient pas de PDF : ouvrez-le depuis votre logiciel.',
  },
  uploadRefused: {
    code: 'exams.upload-refused',
    status: 422,
    caller: 'The file holds no manifest that can be opened.',
    operator: 'A file brought by a professional is neither a manifest nor an archive with one; the detail says why.',
    screen: 'Ce fichier ne contient pas de référence d’examen (KOS) utilisable.',
  },
  uploadTooMany: {
    code: 'exams.upload-too-many',
    status: 409,
    caller: 'Too many files were imported for this patient.',
    operator: 'The limit of manifests imported for one open patient was reached.',
    screen: 'Trop de fichiers importés pour ce patient.',
  },
});
