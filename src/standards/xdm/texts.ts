import { escapeXml } from '../xmlsec';
import { index, readme, root } from './layout';
import type { XdmArchive } from './xdm.types';

/** INDEX.HTM: XHTML Basic, without script, nothing of the patient (ITI TF-2 3.32.4.1.2.1). */
export function indexPage({ sender: { structure, structureId }, sets }: XdmArchive): string {
  const from = escapeXml(`${structure} (${structureId})`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.0//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic10.dtd">',
    '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr">',
    "<head><title>Examens d'imagerie (XDM)</title></head>",
    `<body><p>Émetteur : ${from}</p>`,
    `<p>Examens : ${sets.length}. À ouvrir dans votre logiciel (dossier ${root}).</p>`,
    `<p>Voir le fichier <a href="${readme}">${readme}</a></p></body>`,
    '</html>',
    '',
  ].join('\r\n');
}

/** README.TXT: who made the archive, with what, what is where. */
export function readmeText(
  { sender: { professional, structure, structureId, software }, madeAt }: XdmArchive,
  tree: readonly { readonly folder: string; readonly names: readonly string[] }[],
): string {
  const oneLine = (text: string) => text.replace(/[\r\n]+/g, ' ');
  return [
    'Émetteur :',
    '==========',
    `    . Nom : ${oneLine(professional)}`,
    `    . Organisme : ${oneLine(structure)} (${structureId})`,
    `    . Date : ${madeAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    '',
    "Application de l'émetteur :",
    '===========================',
    `    . Nom : ${software.name}`,
    `    . Version : ${software.version}`,
    `    . Éditeur : ${software.publisher}`,
    '',
    'Instructions :',
    '==============',
    '. Ouvrez cette archive dans votre logiciel de professionnel de santé.',
    '. Les images ne sont pas dans cette archive : chaque référence (KOS) dit où les demander.',
    '',
    'Arborescence :',
    '==============',
    `     ${readme}`,
    `     ${index}`,
    `     ${root}`,
    ...tree.flatMap(({ folder, names }) => [`          ${folder}`, ...names.map((name) => `               ${name}`)]),
    '',
  ].join('\r\n');
}
