import type { SandboxUser } from './users';

function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>body{font-family:sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#1b1b35}
label{display:block;margin:1rem 0 .25rem}input{width:100%;padding:.5rem;font:inherit;box-sizing:border-box}
button{margin-top:1.25rem;padding:.6rem 1.2rem;font:inherit;background:#0b3d91;color:#fff;border:0;border-radius:4px}
.note{background:#fff4d6;padding:.75rem}.faute{color:#a40000}</style></head>
<body><main><h1>${escaped(title)}</h1>${body}</main></body></html>`;
}

/** The login page: test users are shown, since nobody real may log in here. */
export function loginPage(options: { action: string; users: readonly SandboxUser[]; isWrong: boolean }): string {
  const users = options.users.map(
    (user) => `<li><code>${escaped(user.username)}</code> / <code>${escaped(user.password)}</code></li>`,
  );
  const fault = options.isWrong ? '<p class="faute" role="alert">Identifiant ou mot de passe incorrect.</p>' : '';
  return page(
    'Pro Santé Connect – bac à sable',
    `<p class="note">Simulation : aucun professionnel réel ne s’identifie ici.</p>${fault}
<form method="post" action="${escaped(options.action)}">
<label for="username">Identifiant</label><input id="username" name="username" autocomplete="username" required autofocus>
<label for="password">Mot de passe</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Se connecter</button></form>
<h2>Comptes d’essai</h2><ul>${users.join('')}</ul>`,
  );
}

export function logoutPage(form: string): string {
  return page(
    'Déconnexion de Pro Santé Connect',
    `${form}<p>Voulez-vous vous déconnecter ?</p><button form="op.logoutForm" name="logout" value="yes" type="submit">Se déconnecter</button>`,
  );
}

export function loggedOutPage(): string {
  return page('Déconnexion', '<p>Vous êtes déconnecté de Pro Santé Connect (bac à sable).</p>');
}

export function errorPage(error: string): string {
  return page(
    'Connexion impossible',
    `<p role="alert">La demande de connexion est refusée : <code>${escaped(error)}</code>.</p>`,
  );
}
