/**
 * What is in sight, and what may be made of it yet: the shell page learns whether OHIF shows something that is no image, or nothing
 * that it could show; a volume (several planes, 3D) is not made of a series while images of it are missing.
 */
(() => {
  const services = () => window.services;
  const inFrench = 'Coupes incomplètes : disponible quand toutes les images de la série sont arrivées';
  const stackHandler = /\.sopClassHandlerModule\.stack$/;
  /** What is no image and shows itself nevertheless; of anything else OHIF leaves an empty viewport. */
  const documentHandler = /\.sopClassHandlerModule\.dicom-(pdf|video|sr|sr-3d)$/;

  function shownSets() {
    const { viewportGridService, displaySetService } = services();
    const { viewports } = viewportGridService.getState();
    return [...viewports.values()]
      .flatMap(({ displaySetInstanceUIDs = [] }) => displaySetInstanceUIDs)
      .map((uid) => displaySetService.getDisplaySetByUID(uid))
      .filter(Boolean);
  }

  /** Kind of what hangs in the viewports, and the series it is of. */
  function hung() {
    if (!window.drimboxViewer.isStarted()) return { kind: 'nothing' };
    const sets = shownSets();
    const image = sets.find(({ SOPClassHandlerId }) => stackHandler.test(SOPClassHandlerId));
    const document = sets.find(({ SOPClassHandlerId }) => documentHandler.test(SOPClassHandlerId));
    const { SeriesInstanceUID: series } = image ?? document ?? sets[0] ?? {};
    const kind = image ? 'image' : document ? 'document' : sets.length > 0 ? 'unsupported' : 'nothing';
    return { kind, series };
  }

  /* ---- no volume of a part of a series ---------------------------------------------------------------------------- */

  /** Until the shell page has told otherwise, nothing is taken for complete. */
  let completeSeries = new Set();
  const complete = (seriesInstanceUids) => (completeSeries = new Set(seriesInstanceUids));

  /** Of the series in the viewport that is used: the one that the volume would be made of. */
  function isWhole() {
    const { viewportGridService, displaySetService } = services();
    const uids = viewportGridService.getDisplaySetsUIDsForViewport(viewportGridService.getActiveViewportId()) ?? [];
    return uids.every((uid) => completeSeries.has(displaySetService.getDisplaySetByUID(uid)?.SeriesInstanceUID));
  }

  function makesVolume(protocolId) {
    const { stages = [] } = services().hangingProtocolService.getProtocolById(protocolId) ?? {};
    return stages.some(({ viewports }) =>
      viewports.some(({ viewportOptions }) => /^volume|orthographic/i.test(viewportOptions?.viewportType ?? '')),
    );
  }

  const forbids = {
    setHangingProtocol: ({ protocolId } = {}) => protocolId !== undefined && makesVolume(protocolId),
    toggleHangingProtocol: ({ protocolId } = {}) => protocolId !== undefined && makesVolume(protocolId),
    setViewportOrientation: ({ orientation } = {}) => orientation !== 'acquisition',
  };

  /** Also for keys and menus that know nothing of the list of layouts. */
  function guardCommands() {
    const { _commandsManager: commandsManager } = services().hangingProtocolService;
    const run = commandsManager.runCommand.bind(commandsManager);
    commandsManager.runCommand = (name, options, ...more) => {
      if (!forbids[name]?.(options) || isWhole()) return run(name, options, ...more);
      services().uiNotificationService.show({ title: 'MPR', message: inFrench, type: 'info', duration: 4000 });
      return undefined;
    };
  }

  /** The list of layouts, where those that need every image wait for it. */
  function guardLayouts() {
    const { customizationService } = services();
    const get = customizationService.getCustomization.bind(customizationService);
    customizationService.getCustomization = (id) => {
      const found = get(id);
      if (id !== 'layoutSelector.advancedPresetGenerator' || typeof found !== 'function') return found;
      return (given) =>
        found(given).map((preset) => {
          const waits = makesVolume(preset.commandOptions.protocolId) && !isWhole();
          return waits ? { ...preset, disabled: true } : preset;
        });
    };
  }

  /** Why an entry of the list cannot be taken, said on the entry. */
  function sayWhy() {
    const waits = !isWhole();
    for (const entry of document.querySelectorAll('[role="dialog"] div.group.cursor-pointer')) {
      const isOff = waits && entry.classList.contains('pointer-events-none');
      if (isOff && entry.title !== inFrench) entry.title = inFrench;
      else if (!isOff && entry.title === inFrench) entry.removeAttribute('title');
    }
  }

  const timer = setInterval(() => {
    if (!window.drimboxViewer?.isStarted()) return;
    clearInterval(timer);
    guardCommands();
    guardLayouts();
    new MutationObserver(sayWhy).observe(document.body, { childList: true, subtree: true });
  }, 50);

  Object.assign(window.drimboxViewer, { hung, complete });
})();
