/** OHIF's settings. The page is opened as /viewer/basic?grant=…&StudyInstanceUIDs=… ; images come from our own facade. */
(() => {
  const grant = new URLSearchParams(window.location.search).get('grant') ?? '';
  const root = `/dicomweb/${encodeURIComponent(grant)}`;
  window.PUBLIC_URL = '{{base}}';
  window.browserImportFunction = (name) => import(name);
  const never = { option: 'never' };
  window.config = {
    name: 'drimbox',
    routerBasename: '/viewer',
    extensions: [],
    modes: [],
    customizationService: [{ 'ohif.tours': { $set: [] } }],
    showStudyList: false,
    showLoadingIndicator: true,
    showWarningMessageForCrossOrigin: false,
    showCPUFallbackMessage: false,
    showErrorDetails: 'never',
    strictZSpacingForVolumeViewport: true,
    disableConfirmationPrompts: true,
    investigationalUseDialog: never,
    maxNumberOfWebWorkers: Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 2) - 1)),
    // Over HTTP/1.1 a browser opens six connections: more requests at once would only queue behind each other.
    maxNumRequests: { interaction: 12, thumbnail: 4, prefetch: 12 },
    studyPrefetcher: { enabled: false },
    defaultDataSourceName: 'drimbox',
    dataSources: [
      {
        namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
        sourceName: 'drimbox',
        configuration: {
          friendlyName: 'DRIMbox',
          name: 'drimbox',
          qidoRoot: root,
          wadoRoot: root,
          wadoUriRoot: root,
          qidoSupportsIncludeField: false,
          supportsReject: false,
          supportsFuzzyMatching: false,
          supportsWildcard: false,
          imageRendering: 'wadors',
          thumbnailRendering: 'thumbnailDirect',
          enableStudyLazyLoad: true,
          omitQuotationForMultipartRequest: true,
          singlepart: 'video,pdf',
          bulkDataURI: { enabled: true, relativeResolution: 'studies' },
        },
      },
    ],
  };
})();
