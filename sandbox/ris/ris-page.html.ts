/** A patient of the work list; the demo patients of the sandbox fit. */
export interface RisPagePatient {
  readonly ins: string;
  readonly oid: string;
  readonly family: string;
  readonly given: string;
  /** YYYYMMDD. */
  readonly birthDate: string;
  readonly gender: string;
  /** INSEE code. */
  readonly birthPlace: string;
  readonly patientId: string;
  readonly patientIdIssuer: string;
  /** What is planned today, for the eye only. */
  readonly appointment?: string;
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replace(/[&<>"]/g, (char) => escapes[char] ?? char);
const day = (text: string): string => text.replace(/^(\d{4})(\d{2})(\d{2})$/, '$3/$2/$1');

/** The form of the contextual call, names as the ANS test tool has them since December 2024. */
function fieldsOf(patient: RisPagePatient): [string, string][] {
  return [
    ['Patient.identifier.value', patient.ins],
    ['Patient.identifier.system', patient.oid],
    ['Patient.name.family', patient.family],
    ['Patient.name.given', patient.given.split(' ')[0] ?? patient.given],
    ['Patient.gender', patient.gender],
    ['Patient.birthDate', patient.birthDate],
    ['Address.district', patient.birthPlace],
    ['PatientID', patient.patientId],
    ['PatientIDIssuer', `CHFICTIF&${patient.patientIdIssuer}&ISO`],
  ];
}

function row(patient: RisPagePatient, index: number, contextualCall: string): string {
  const hidden = fieldsOf(patient)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`)
    .join('');
  return `<tr>
  <td class="time">${String(9 + Math.floor(index / 2)).padStart(2, '0')}:${index % 2 ? '30' : '00'}</td>
  <th scope="row">${escape(patient.family)} <span>${escape(patient.given)}</span></th>
  <td>${day(patient.birthDate)} · ${escape(patient.gender)}</td>
  <td>${escape(patient.patientId)}</td>
  <td>${escape(patient.appointment ?? '')}</td>
  <td><form method="post" action="${escape(contextualCall)}" target="_blank">${hidden}
    <label class="unseen" for="consent${index}">Information et consentement</label>
    <select id="consent${index}" name="InformationEtConsentement"><option value="oui">Informé, non opposé</option><option value="non">Opposé</option><option value="inconnu">Non recueilli</option></select>
    <button>Examens DRIMbox</button></form></td>
</tr>`;
}

const style = `
body{margin:0;font:15px/1.5 system-ui,"Liberation Sans","DejaVu Sans",sans-serif;background:#eef0ea;color:#20251c}
header{background:#3d4b2f;color:#f4f7ef;padding:.8rem 1.5rem;display:flex;gap:1rem;align-items:baseline}
header h1{font-size:1.15rem;margin:0}header p{margin:0;color:#d5dfc8}
main{max-width:76rem;margin:1.5rem auto;padding:0 1rem}
table{width:100%;border-collapse:collapse;background:#fff;border:1px solid #cfd5c6}
th,td{text-align:left;padding:.55rem .8rem;border-bottom:1px solid #e3e7dc}
thead th{font-size:.85rem;color:#55604a}tbody th span{font-weight:400}.time{font-variant-numeric:tabular-nums}
form{display:flex;gap:.5rem;margin:0}select,button{font:inherit;min-height:2.25rem;border-radius:5px;border:1px solid #6d7a5c}
button{background:#3d5c8a;color:#fff;border-color:#3d5c8a;padding:0 .9rem;cursor:pointer;white-space:nowrap}
:focus-visible{outline:3px solid #f5a300;outline-offset:2px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.faint{color:#55604a;font-size:.9rem}`;

/** The page; every patient on it is invented. */
export function risPageHtml(page: { contextualCall: string; patients: readonly RisPagePatient[] }): string {
  const rows = page.patients.map((patient, index) => row(patient, index, page.contextualCall)).join('\n');
  return `<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>RIS de démonstration</title><style>${style}</style></head>
<body><header><h1>RIS de démonstration</h1><p>Centre hospitalier fictif, liste de travail du jour</p></header>
<main><table><thead><tr><th scope="col">Heure</th><th scope="col">Patient</th><th scope="col">Naissance</th><th scope="col">IPP</th><th scope="col">Examen prévu</th><th scope="col">Antécédents d’imagerie</th></tr></thead>
<tbody>
${rows}
</tbody></table>
<p class="faint">Patients fictifs. Chaque bouton envoie un appel contextuel (POST) à la DRIMbox, dans un nouvel onglet.</p></main></body></html>
`;
}
