import { defineErrors } from '../../platform/errors';

export const retrievalErrors = defineErrors('retrieval', {
  noStudy: {
    code: 'retrieval.no-study',
    status: 404,
    caller: 'The manifest does not list this study.',
    operator: 'An exam was to be opened whose manifest lists no such study, no image, or more than the gateway takes.',
    screen: 'Cet examen ne référence aucune image consultable.',
  },
  notOpen: {
    code: 'retrieval.not-open',
    status: 410,
    caller: 'This exam is no longer open.',
    operator: 'Images were asked of an exam whose viewer or patient context has closed.',
    screen: "Cet examen n'est plus ouvert : rouvrez-le depuis la liste.",
  },
  notListed: {
    code: 'retrieval.not-listed',
    status: 404,
    caller: 'This image is not in the manifest.',
    operator: 'An instance was asked for that the manifest of the exam does not list.',
    screen: "Cette image ne fait pas partie de l'examen.",
  },
  missing: {
    code: 'retrieval.missing',
    status: 502,
    caller: 'This image was not delivered.',
    operator: 'Another gateway ended its answers without an instance of its manifest; it was asked for alone too.',
    screen: "Cette image n'a pas été fournie par l'établissement d'origine.",
  },
  foreignPatient: {
    code: 'retrieval.foreign-patient',
    status: 502,
    caller: 'This image does not carry the identity of the patient.',
    operator:
      'An instance was refused before anyone saw it: its patient is not the one of the call; the detail names the trait.',
    screen:
      "Une image reçue ne porte pas l'identité du patient : elle n'est pas affichée. Prévenez l'établissement d'origine.",
  },
  foreignObject: {
    code: 'retrieval.foreign-object',
    status: 502,
    caller: 'This image is not what the manifest announces.',
    operator:
      'An instance was refused: its class, study or series is not the one of the manifest; the detail names it.',
    screen: "Une image reçue ne correspond pas à l'examen : elle n'est pas affichée.",
  },
  unlistedObject: {
    code: 'retrieval.unlisted-object',
    status: 502,
    caller: 'The gateway that holds the images sends others than those of the manifest.',
    operator: 'Another gateway sent instances that the manifest does not list; they were dropped.',
    screen: "Des images absentes de l'examen ont été reçues : elles ne sont pas affichées.",
  },
  unreadable: {
    code: 'retrieval.unreadable',
    status: 502,
    caller: 'This image cannot be read.',
    operator: 'An object arrived that cannot be read as DICOM, or is cut; the detail gives the reason.',
    screen: 'Une image reçue est illisible.',
  },
  cacheFull: {
    code: 'retrieval.cache-full',
    status: 507,
    caller: 'The images cannot be kept for the moment.',
    operator:
      'The cache of retrieved images is full (its limit, or its disk); images are shown as they pass and fetched again.',
    screen:
      "L'espace temporaire d'images est plein : les images restent consultables, mais certaines seront demandées à nouveau.",
  },
});
