/** OHIF's settings. The page is opened as /viewer/basic?grant=…&StudyInstanceUIDs=… ; images come from our own facade. */
(() => {
  const grant = new URLSearchParams(window.location.search).get('grant') ?? '';
  const root = `/dicomweb/${encodeURIComponent(grant)}`;
  window.PUBLIC_URL = '{{base}}';
  window.browserImportFunction = (name) => import(name);
  const never = { option: 'never' };
  const isNarrow = window.innerWidth < 768;
  const preset = (id, description, width, level) => ({ id, description, window: String(width), level: String(level) });

  /** Windows by their French names, in Hounsfield units; keys 1 to 5 of the keyboard follow this order. */
  const windows = {
    CT: [
      preset('ct-mediastinum', 'Médiastin', 400, 40),
      preset('ct-lung', 'Poumon', 1500, -600),
      preset('ct-bone', 'Os', 2500, 480),
      preset('ct-brain', 'Cerveau', 80, 40),
      preset('ct-liver', 'Foie', 150, 90),
      preset('ct-angio', 'Vaisseaux', 600, 170),
    ],
  };

  /**
   * What a physician uses when consulting, in reach of one click; the rest in a menu. Left out: what makes files (capture,
   * segmentation), which would leave the trail behind.
   */
  const toolbar = {
    primary: [
      'WindowLevel',
      'Zoom',
      'Pan',
      'StackScroll',
      'Length',
      'Angle',
      'EllipticalROI',
      'MeasurementTools',
      'Cine',
      'Layout',
      'Crosshairs',
      'Reset',
      'MoreTools',
    ],
    'viewportActionMenu.topLeft': ['orientationMenu'],
    'viewportActionMenu.bottomMiddle': ['AdvancedRenderingControls'],
    AdvancedRenderingControls: ['windowLevelMenuEmbedded', 'voiManualControlMenu'],
    'viewportActionMenu.topRight': ['modalityLoadBadge', 'trackingStatus', 'navigationComponent'],
    'viewportActionMenu.bottomLeft': ['windowLevelMenu'],
    MeasurementTools: [
      'Bidirectional',
      'RectangleROI',
      'CircleROI',
      'PlanarFreehandROI',
      'ArrowAnnotate',
      'Probe',
      'CobbAngle',
    ],
    MoreTools: [
      'invert',
      'rotate-right',
      'flipHorizontal',
      'Magnify',
      'ReferenceLines',
      'ImageOverlayViewer',
      'CalibrationLine',
    ],
  };
  const panels = {
    leftPanelClosed: { $set: isNarrow },
    rightPanels: { $set: ['@ohif/extension-cornerstone.panelModule.panelMeasurement'] },
  };
  window.config = {
    name: 'drimbox',
    routerBasename: '/viewer',
    extensions: [],
    modes: [],
    customizationService: [{ 'ohif.tours': { $set: [] }, 'cornerstone.windowLevelPresets': { $merge: windows } }],
    modesConfiguration: {
      '@ohif/mode-basic': {
        toolbarSections: { $set: [toolbar] },
        routes: { 0: { layoutInstance: { props: panels } } },
      },
    },
    showStudyList: false,
    // The page around names the patient, always.
    showPatientInfo: 'disabled',
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
