import {
  printWhitelist,
  refreshWhitelist,
  showWhitelist,
  WhitelistModule,
  WhitelistService,
} from '../../connectors/whitelist';
import { Command } from '../command';
import { withRooms } from '../with-rooms';

export const whitelistShow: Command = {
  words: 'whitelist show',
  usage: 'drimbox whitelist show',
  summary: 'the white list in force: its age, its alarms, its gateways',
  run: ({ config }) =>
    withRooms(config(), [WhitelistModule], async (app) => {
      const view = showWhitelist(app.get(WhitelistService, { strict: false }));
      return { text: printWhitelist(view), value: view };
    }),
};

export const whitelistRefresh: Command = {
  words: 'whitelist refresh',
  usage: 'drimbox whitelist refresh [--accept-older]',
  summary: 'fetches and verifies the white list now; the previous one stays when it is refused',
  run: ({ config, options }) =>
    withRooms(config(), [WhitelistModule], async (app) => {
      const service = app.get(WhitelistService, { strict: false });
      const { text, ...value } = await refreshWhitelist(service, { acceptOlder: options['accept-older'] === true });
      return { text, value };
    }),
};
