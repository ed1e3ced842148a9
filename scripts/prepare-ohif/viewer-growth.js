/**
 * What our shell page asks of OHIF, in OHIF's own window (`drimboxViewer`): let a series grow while its images arrive, scroll
 * two exams together, go to a key image; and telling the shell when the viewer has started and when an image is painted.
 */
(() => {
  const growing = new Map();
  const tell = (name) => window.parent !== window && window.parent.dispatchEvent(new CustomEvent(name));
  const services = () => window.services;
  const imageViewports = () =>
    (window.cornerstone?.getRenderingEngines() ?? [])
      .flatMap((engine) => engine.getViewports())
      .filter((viewport) => typeof viewport.setImageIdIndex === 'function');

  /* ---- growth ---------------------------------------------------------------------------------------------------- */

  /** What a display set keeps through its growth. */
  const ownForEver = ['uid', 'displaySetInstanceUID', 'images', 'instances', 'addInstances'];

  /** Gives a display set of images the way to take further instances: it is made anew and keeps its identity. */
  function makeGrowable(displaySet) {
    if (displaySet.addInstances || !displaySet.images || displaySet.isMultiFrame) return;
    const handler = window.extensionManager.getModuleEntry(displaySet.SOPClassHandlerId);
    displaySet.addInstances = function addInstances(instances) {
      const [fresh, ...others] = handler.getDisplaySetsFromSeries([...this.images, ...instances]);
      if (!fresh || others.length > 0 || fresh.isMultiFrame) return undefined;
      const { images } = this;
      images.splice(0, images.length, ...fresh.images);
      for (const key of Object.keys(fresh)) if (!ownForEver.includes(key)) this[key] = fresh[key];
      this.instances = images;
      // OHIF remembers the stack of a display set: it is to be made again.
      services().cornerstoneCacheService.stackImageIds.delete(this.displaySetInstanceUID);
      return this;
    };
  }

  /** Asks for the metadata of a series again: what has arrived since is added to what OHIF knows. */
  async function refresh(studyInstanceUid, seriesInstanceUid) {
    const [dataSource] = window.extensionManager.getActiveDataSource();
    // OHIF keeps its answers under the data source's name and the study, and forgets them by what it is given here.
    dataSource.deleteStudyMetadataPromise(`${dataSource.getConfig().name}:${studyInstanceUid}`);
    await dataSource.retrieve.series.metadata({
      StudyInstanceUID: studyInstanceUid,
      filters: { seriesInstanceUID: [seriesInstanceUid] },
      madeInClient: false,
    });
    await settle();
    await Promise.all(imageViewports().map((viewport) => lengthen(viewport, seriesInstanceUid, dataSource)));
  }

  const settle = () => new Promise((resolve) => setTimeout(resolve, 100));

  /** Once somebody has pointed, turned or typed here, what they look at stays. */
  let touched = false;
  for (const act of ['pointerdown', 'wheel', 'keydown'])
    window.addEventListener(act, () => (touched = true), { capture: true, passive: true });

  /**
   * The stack in a viewport takes the images that its display set has gained; the image being looked at stays. Until then the stack stands
   * at its first image, whichever came first.
   */
  async function lengthen(viewport, seriesInstanceUid, dataSource) {
    const before = viewport.getImageIds();
    const displaySet = services()
      .displaySetService.getActiveDisplaySets()
      .find((set) => set.SeriesInstanceUID === seriesInstanceUid && set.images?.length > before.length);
    if (!displaySet || !before[0]?.includes(`/series/${seriesInstanceUid}/`)) return;
    const current = viewport.getCurrentImageId();
    const all = dataSource.getImageIdsForDisplaySet(displaySet);
    const camera = viewport.getCamera();
    const { voiRange } = viewport.getProperties();
    const index = touched ? Math.max(0, all.indexOf(current)) : 0;
    await viewport.setStack(all, index);
    if (all[index] === current) viewport.setCamera(camera);
    if (voiRange) viewport.setProperties({ voiRange });
    tellOverlays(viewport.id, displaySet.displaySetInstanceUID, all);
    viewport.render();
  }

  /** One question at a time for each study. */
  function grow(studyInstanceUid, seriesInstanceUid) {
    const before = growing.get(studyInstanceUid) ?? Promise.resolve();
    const now = before
      .then(() => refresh(studyInstanceUid, seriesInstanceUid))
      .catch((error) => reportError(new Error(`the series did not grow: ${error.message}`)));
    growing.set(studyInstanceUid, now);
    return now;
  }

  /** OHIF's own slider and counters read the stack from what it keeps of the viewport. */
  function tellOverlays(viewportId, displaySetInstanceUID, imageIds) {
    const { cornerstoneViewportService: viewports } = services();
    const viewportData = viewports.getViewportInfo(viewportId)?.getViewportData();
    for (const shown of [viewportData?.data].flat()) {
      if (shown?.displaySetInstanceUID === displaySetInstanceUID) shown.imageIds = imageIds;
    }
    const { VIEWPORT_DATA_CHANGED } = viewports.EVENTS;
    viewports._broadcastEvent(VIEWPORT_DATA_CHANGED, { viewportData: { ...viewportData }, viewportId });
  }

  /** How many images of each series OHIF knows. */
  function known() {
    const counts = {};
    for (const set of services()?.displaySetService.getActiveDisplaySets() ?? []) {
      const { SeriesInstanceUID: uid } = set;
      if (uid) counts[uid] = (counts[uid] ?? 0) + (set.images?.length ?? set.instances?.length ?? 1);
    }
    return counts;
  }

  /* ---- two exams together ---------------------------------------------------------------------------------------- */

  let linked = false;
  let moving = false;
  const lastIndex = new Map();

  /** Distance between neighbouring slices in mm; 1 when the images do not say where they are. */
  function spacingOf(viewport) {
    const ids = viewport.getImageIds();
    const place = (id) => window.cornerstone.metaData.get('imagePlaneModule', id)?.imagePositionPatient;
    const [first, last] = [place(ids[0]), place(ids[ids.length - 1])];
    if (ids.length < 2 || !first || !last) return 1;
    return Math.hypot(...[0, 1, 2].map((axis) => last[axis] - first[axis])) / (ids.length - 1) || 1;
  }

  /** Scrolls the other stacks by the same distance as the one that was scrolled. */
  function follow(event) {
    const viewport = imageViewports().find(({ id }) => id === event.detail?.viewportId);
    if (!viewport) return;
    const index = viewport.getCurrentImageIdIndex();
    const before = lastIndex.get(viewport.id)?.index ?? index;
    // An image that arrives where `moveBy` sent its stack keeps what was left of the distance.
    if (index === before && lastIndex.has(viewport.id)) return;
    lastIndex.set(viewport.id, { index, rest: 0 });
    if (!linked || moving || index === before) return;
    const millimetres = (index - before) * spacingOf(viewport);
    moving = true;
    for (const other of imageViewports()) if (other.id !== viewport.id) moveBy(other, millimetres);
    setTimeout(() => (moving = false), 0);
  }

  /** Whole slices are moved; the rest, also what lies beyond an end of the stack, counts at the next turn. */
  function moveBy(viewport, millimetres) {
    const wanted = millimetres / spacingOf(viewport) + (lastIndex.get(viewport.id)?.rest ?? 0);
    const from = viewport.getCurrentImageIdIndex();
    const index = Math.max(0, Math.min(viewport.getImageIds().length - 1, from + Math.round(wanted)));
    lastIndex.set(viewport.id, { index, rest: wanted - (index - from) });
    if (index !== from) viewport.setImageIdIndex(index);
  }

  /** The places where the stacks stand now are taken for the same place. */
  function link(on) {
    linked = on;
    for (const known of lastIndex.values()) known.rest = 0;
  }

  /* ---- key images ------------------------------------------------------------------------------------------------ */

  function show(sopInstanceUid) {
    touched = true;
    const { displaySetService, viewportGridService, cornerstoneViewportService } = services();
    const viewportId = viewportGridService.getActiveViewportId();
    const displaySet = displaySetService
      .getActiveDisplaySets()
      .find((set) => set.images?.some((image) => image.SOPInstanceUID === sopInstanceUid));
    if (!displaySet || !viewportId) return false;
    const index = displaySet.images.findIndex((image) => image.SOPInstanceUID === sopInstanceUid);
    const viewport = cornerstoneViewportService.getCornerstoneViewport(viewportId);
    const at = viewport?.getImageIds?.().findIndex((id) => id.includes(`/instances/${sopInstanceUid}/`)) ?? -1;
    if (at >= 0 && viewport.setImageIdIndex) viewport.setImageIdIndex(at);
    else
      viewportGridService.setDisplaySetsForViewport({
        viewportId,
        displaySetInstanceUIDs: [displaySet.displaySetInstanceUID],
        viewportOptions: { initialImageOptions: { index } },
      });
    return true;
  }

  /** The image in the viewport that is used. */
  function current() {
    const { viewportGridService, cornerstoneViewportService } = services() ?? {};
    const viewport = cornerstoneViewportService?.getCornerstoneViewport(viewportGridService.getActiveViewportId());
    const found = /\/studies\/([\d.]+)\/series\/([\d.]+)\/instances\/([\d.]+)\//.exec(
      viewport?.getCurrentImageId?.() ?? '',
    );
    if (!found) return undefined;
    const [, studyInstanceUid, seriesInstanceUid, sopInstanceUid] = found;
    return { studyInstanceUid, seriesInstanceUid, sopInstanceUid };
  }

  /* ---- layout of two exams --------------------------------------------------------------------------------------- */

  /** OHIF first tries two rows of two; two exams side by side are one row. */
  function sideBySide(protocol) {
    const inOneRow = protocol.stages.filter(({ viewportStructure }) => viewportStructure.properties.rows === 1);
    return { ...protocol, stages: inOneRow.length > 0 ? inOneRow : protocol.stages };
  }

  /**
   * OHIF hangs an exam when all of its series are described, and a series is described when its first image is here: one
   * series that can be shown is enough, in OHIF's order; the others come beside it.
   */
  function firstThatCanBeShown(seriesPromises) {
    const start = async () => {
      for (const promise of seriesPromises) {
        const instances = await promise.start().catch(() => []);
        if (instances.length > 0) return instances;
      }
      return [];
    };
    return { requiredSeries: [{ start }], remaining: seriesPromises };
  }

  let ownServices;
  Object.defineProperty(window, 'services', {
    configurable: true,
    get: () => ownServices,
    set: (value) => {
      ownServices = value;
      const { hangingProtocolService } = value;
      hangingProtocolService.filterSeriesRequiredForRun = (_protocol, promises) => firstThatCanBeShown(promises);
      const add = hangingProtocolService.addProtocol.bind(hangingProtocolService);
      const comparison = '@ohif/hpCompare';
      hangingProtocolService.addProtocol = (id, protocol) =>
        add(id, id === comparison ? sideBySide(protocol) : protocol);
      // Or it is there already.
      const known = hangingProtocolService.protocols?.get(comparison);
      if (known) add(comparison, sideBySide(known));
    },
  });

  /* ---- start ----------------------------------------------------------------------------------------------------- */

  /** Who speaks to the computer turns off the keys of one letter in the list of exams (WCAG 2.1.4). */
  const hasLetterKeys = () => window.localStorage.getItem('drimbox-letter-keys') !== 'off';

  let hasImage = false;
  let painted = false;
  const tellImage = () => tell('drimbox-image');
  const paint = () => {
    if (painted || !hasImage) return;
    painted = true;
    requestAnimationFrame(() => tell('drimbox-painted'));
  };
  for (const name of ['CORNERSTONE_STACK_NEW_IMAGE', 'CORNERSTONE_VOLUME_NEW_IMAGE']) {
    document.addEventListener(name, () => (hasImage = true), true);
  }
  document.addEventListener('CORNERSTONE_STACK_NEW_IMAGE', follow, true);
  document.addEventListener('CORNERSTONE_STACK_NEW_IMAGE', tellImage, true);
  document.addEventListener('pointerup', () => setTimeout(tellImage, 50), true);
  document.addEventListener('keydown', ({ key, target, ctrlKey, altKey, metaKey }) => {
    const isTyping = target.closest?.('input, textarea, [contenteditable]');
    if (key.toLowerCase() === 'k' && hasLetterKeys() && !isTyping && !ctrlKey && !altKey && !metaKey)
      tell('drimbox-mark');
  });
  document.addEventListener('CORNERSTONE_IMAGE_RENDERED', paint, true);

  const isStarted = () => Boolean(window.services && window.extensionManager);
  /** Length of the stack in each viewport. */
  const counts = () => imageViewports().map((viewport) => viewport.getImageIds().length);
  window.drimboxViewer = { grow, known, counts, show, current, isStarted, link };
  const timer = setInterval(() => {
    if (!isStarted()) return;
    clearInterval(timer);
    const { displaySetService } = services();
    displaySetService.getActiveDisplaySets().forEach(makeGrowable);
    displaySetService.subscribe(displaySetService.EVENTS.DISPLAY_SETS_ADDED, ({ displaySetsAdded }) =>
      displaySetsAdded.forEach(makeGrowable),
    );
    tell('drimbox-started');
  }, 50);
})();
