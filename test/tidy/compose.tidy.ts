import { execFileSync } from 'node:child_process';
import { parse } from 'yaml';
import { configSlices } from '../../src/app.module';
import { ConfigOf, loadConfig } from '../../src/platform/config';
import { internalConfig } from '../../src/platform/internal';
import { pacsConfig } from '../../src/connectors/pacs';
import { risConfig } from '../../src/connectors/ris';
import { persistenceConfig } from '../../src/platform/persistence';
import { portalConfig } from '../../src/portal';
import { servingConfig } from '../../src/source/serving';
import { composeEnvironment, ComposeFile, imageFacts, ports } from '../support/compose';
import { importsOf, projectFiles, read, sourceFiles } from './tree';

/** Static: no Docker daemon is needed. What can be run without one is run by test/medium/compose.medium.ts. */

const compose = parse(read('docker-compose.yml')) as ComposeFile;
const { gateway, database, pacs } = compose.services;
const image = imageFacts(read('Dockerfile'));
const environment = { ...image.environment, ...composeEnvironment(gateway) };
/** What an operator has to put into deploy/gateway.env in any case. */
const needed = {
  DRIMBOX_PSC_ISSUER: 'https://psc.example/realms/esante',
  DRIMBOX_PSC_CLIENT_ID: 'hospital',
  DRIMBOX_WHITELIST_URL: 'https://list.example/list.xml',
  DRIMBOX_WHITELIST_CA_FILES: '/certs/igc-sante.pem',
  DRIMBOX_AUDIT_KEY_FILE: '/certs/audit-key.pem',
};

describe('docker-compose.yml and Dockerfile', () => {
  const drimbox = Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('DRIMBOX_')));
  const config = loadConfig(configSlices, { ...drimbox, ...needed }, { production: true });
  const values = <S extends { token: symbol }>(slice: S) => config.values.get(slice.token) as ConfigOf<S>;

  it('set only what the schema knows, and nothing that production refuses', () => {
    expect(Object.keys(drimbox).length).toBeGreaterThan(6);
    expect(config.sandboxSettings).toEqual([]);
  });

  it('open the ports that the gateway listens on by default', () => {
    const listened = [
      values(portalConfig).port,
      values(servingConfig).port,
      values(risConfig).port,
      values(risConfig).tlsPort,
      values(pacsConfig).port,
    ];
    expect(image.exposed).toEqual(listened);
    // DICOM stays between the containers.
    expect(ports(gateway)).toEqual(listened.slice(0, 4).map((port) => [port, port]));
    expect(image.healthcheck).toContain(`http://127.0.0.1:${values(internalConfig).port}/health'`);
  });

  it('name each other as they are', () => {
    const url = new URL(values(persistenceConfig).databaseUrl ?? '');
    const server = composeEnvironment(database);
    expect([url.hostname, url.port, url.username, url.pathname]).toEqual([
      'database',
      '5432',
      server.POSTGRES_USER,
      `/${server.POSTGRES_DB}`,
    ]);
    expect(values(persistenceConfig).databasePasswordFile).toBe(server.POSTGRES_PASSWORD_FILE);
    const orthanc = JSON.parse(read('deploy/orthanc.json')) as Record<string, unknown>;
    expect(values(pacsConfig).list).toMatchObject([
      { host: 'pacs', port: orthanc.DicomPort, aeTitle: orthanc.DicomAet, clearText: true },
    ]);
    const { aeTitle, port } = values(pacsConfig);
    expect(Object.values(orthanc.DicomModalities as object)).toEqual([[aeTitle, 'gateway', port]]);
    expect(pacs.volumes).toContain('./deploy/orthanc.json:/etc/orthanc/orthanc.json:ro');
    expect(pacs.volumes).toContain(`pacs-data:${String(orthanc.StorageDirectory)}`);
  });

  it('use the versions that the tests use', () => {
    const nodeMajor = /^node:(\d+)-/.exec(image.stages.at(-1) ?? '')?.[1];
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    expect(engines.node).toBe('>=20.19');
    // Node 20 and 22: see the README.
    expect(nodeMajor).toBe('22');
    expect(new Set(image.stages).size).toBe(1);
    const installed = (program: string, pattern: RegExp): string => {
      const text = execFileSync('sh', ['-c', `${program} --version 2>/dev/null || true`], { encoding: 'utf8' });
      return pattern.exec(text)?.[1] ?? 'not installed';
    };
    const orthanc = installed('PATH=$PATH:/usr/sbin Orthanc', /Orthanc (\S+)/);
    const postgres = installed('ls -d /usr/lib/postgresql/* | sort -V | tail -1; true', /postgresql\/(\d+)/);
    const tags = [pacs.image, database.image].map((name) => (name ?? '').split(':')[1]);
    expect(tags).toEqual([
      orthanc === 'not installed' ? tags[0] : orthanc,
      postgres === 'not installed' ? tags[1] : `${postgres}-bookworm`,
    ]);
  });

  it('run as an ordinary user, on a root file system that is read only', () => {
    expect(image.user).toBe('node');
    expect(gateway).toMatchObject({ read_only: true, tmpfs: ['/tmp'], cap_drop: ['ALL'] });
    expect(gateway.security_opt).toEqual(['no-new-privileges:true']);
    expect(gateway).not.toHaveProperty('privileged');
    const { dataDir } = values(persistenceConfig);
    expect(image.volumes).toEqual([dataDir]);
    expect(gateway.volumes).toContain(`gateway-data:${dataDir}`);
    // A secret is a file: no password stands in the compose file, the image or its build context.
    expect(JSON.stringify(compose)).not.toMatch(/(PASSWORD|SECRET)"?:"?(?!\/|_)/);
    expect(read('.dockerignore').split('\n')).toEqual(
      expect.arrayContaining(['deploy', 'node_modules', '.env', 'data']),
    );
    expect(projectFiles().filter((file) => file.startsWith('deploy/'))).toEqual(['deploy/orthanc.json']);
  });

  it('leave nothing out that the program needs: it depends on no package of development, and on no file outside the image', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const packages = sourceFiles('src').flatMap((file) =>
      [...read(file).matchAll(/^(?:import|export)\s(?:(?!\btype\b)[^;'"]*?\sfrom\s)?['"]([^.'"][^'"]*)['"]/gm)].map(
        ([, name]) =>
          name
            .split('/')
            .slice(0, name.startsWith('@') ? 2 : 1)
            .join('/'),
      ),
    );
    const foreign = [...new Set(packages)].filter((name) => !name.startsWith('node:') && !(name in dependencies));
    expect(foreign).toEqual([]);
    const outside = sourceFiles('src').flatMap((file) =>
      importsOf(file).filter((path) => !/^(src|types)\//.test(path)),
    );
    expect(outside).toEqual([]);
    expect(image.copied).toEqual(['package.json', 'node_modules', 'bin', 'dist/src', 'dist/viewer-web']);
  });
});
