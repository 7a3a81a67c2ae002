// All words of the page, in each of its languages. `{name}` is replaced by a value.

const ENGLISH = {
  language: "Language",
  cameras: "Cameras",
  allCameras: "All cameras",
  noCameras: "No camera is configured here.",
  open: "Open {name}",
  pictureOf: "Live picture of {name}",
  pictureKeys: "Picture of {name}. With the focus here, the arrow keys turn the camera.",
  pictureOnly: "Picture of {name}",

  live: "Live",
  connecting: "Connecting …",
  idle: "Waiting for the camera …",
  stalled: "No picture for {seconds} s, trying again",
  refused: "The camera refuses",
  failed: "The camera can't be reached",
  away: "The gateway doesn't answer",
  signIn: "This page needs its link",
  signInDetail: "Open the link again that hamaproto serve has printed.",
  again: "Trying again in {seconds} s",
  lastPicture: "This picture is {seconds} s old",
  heardStalled: "No picture, trying again.",
  heardLive: "The picture is live.",

  soundAndPictures: "Sound and pictures",
  soundOn: "Listen",
  soundOff: "Mute",
  soundStarting: "Starting …",
  soundLost: "The sound has stopped, trying again.",
  soundBlocked: "The browser holds the sound back: press Listen again.",
  volume: "Volume here",
  talk: "Talk",
  talkEnd: "Stop talking",
  talking: "You are heard at the camera.",
  talkRefused: "The camera takes no sound: {reason}",
  talkInsecure:
    "To talk, open this page by https or as localhost: elsewhere browsers keep the microphone back.",
  talkNoMicrophone: "The browser gives no microphone: {reason}",
  talkEnded: "You are no longer heard.",
  snapshot: "Snapshot",
  snapshotSaved: "Saved {file}.",
  snapshotNone: "There is no picture yet.",
  record: "Record",
  recordStop: "Stop",
  recording: "Recording, {time}",
  recordSaved: "Saved {file}.",
  recordNone: "Nothing was recorded.",
  recordCannot: "This browser can't record.",
  recordFailed: "The recording has ended: {reason}",
  fullScreen: "Full screen",

  move: "Turn",
  directions: {
    up: "Up",
    down: "Down",
    left: "Left",
    right: "Right",
    upleft: "Up and left",
    upright: "Up and right",
    downleft: "Down and left",
    downright: "Down and right",
    center: "Home",
  },
  moveHint: "Hold an arrow to go on turning.",
  moveFailed: "It did not turn: {reason}",
  speed: "Speed",
  speeds: ["very slow", "slow", "medium", "fast", "very fast"],
  speedEnds: ["slow", "fast"],

  places: "Places",
  placesNone: "Turn the camera, give the place a name, and keep it.",
  placesUntold: "The camera may know these from before:",
  placeNumber: "Number",
  placeGo: "Go to {name}",
  placeGone: "Turning to {name}.",
  placeUnnamed: "Place {number}",
  placeName: "Name of this place",
  placeSave: "Keep this place",
  placeSaved: "{name} is stored.",
  placeOther: "The camera stored “{stored}” instead.",
  placeClear: "Forget {name}",
  placeClearAsk: "Forget {name}? Press again.",
  placeCleared: "{name} is forgotten.",
  placeFailed: "That did not work: {reason}",

  settings: "Settings",
  settingsNone: "The camera lists no settings.",
  settingsFailed: "The settings can't be read: {reason}",
  tryAgain: "Try again",
  names: {
    resolution: "Size",
    rate: "Pictures a second",
    compression: "Compression",
    flip: "Flip",
    speed: "Speed of turning",
    microphone: "Microphone of the camera",
    speaker: "Loudspeaker of the camera",
    sound: "Sound",
  },
  values: {
    flip: { 0: "as it is", 1: "upside down", 2: "mirrored", 3: "turned by 180°" },
    compression: { 0: "0 (best)", 4: "4 (smallest)" },
    sound: { Yes: "on", No: "off" },
  },
  unknown: "unknown",
  sending: "asking …",
  stored: "stored",
  storedInstead: "the camera stored {stored} instead",
  notTold: "sent; the camera does not tell what it stored",
  notSet: "not set: {reason}",

  numbers: "Numbers",
  rate: "Pictures a second",
  age: "From the gateway to the screen",
  ageValue: "{median} ms, 95 % within {p95} ms",
  seen: "Pictures shown",
  skipped: "Left out for this viewer",
  damaged: "Damaged",
  lost: "Lost before the gateway",
  size: "Size",
  viewers: "Viewers",
  soundDelay: "Sound, from the gateway to the ear",
  soundGaps: "Gaps in the sound",
  milliseconds: "{value} ms",
  oddities: "What is odd about the stream",
  none: "none",

  keys: "Keys",
  keysAbout: "They work while the picture has the focus.",
  keyRows: [
    ["← ↑ → ↓", "turn; hold to go on, two at once for a slant"],
    ["Home", "home"],
    ["1 … 9", "go to a place"],
    ["M", "listen, mute"],
    ["S", "snapshot"],
    ["R", "record, stop"],
    ["F", "full screen"],
  ],

  reasons: {
    network: "the gateway doesn't answer",
    401: "this page needs its link again",
    403: "the gateway refuses this page",
    404: "the camera has no such thing",
    409: "the camera is busy",
    502: "the camera gives no answer that can be read",
    503: "the camera can't be reached",
    504: "the camera takes too long",
  },
};

const GERMAN = {
  language: "Sprache",
  cameras: "Kameras",
  allCameras: "Alle Kameras",
  noCameras: "Hier ist keine Kamera eingerichtet.",
  open: "{name} öffnen",
  pictureOf: "Live-Bild von {name}",
  pictureKeys: "Bild von {name}. Mit dem Fokus hier drehen die Pfeiltasten die Kamera.",
  pictureOnly: "Bild von {name}",

  live: "Live",
  connecting: "Verbinde …",
  idle: "Warte auf die Kamera …",
  stalled: "Seit {seconds} s kein Bild, neuer Versuch läuft",
  refused: "Die Kamera lehnt ab",
  failed: "Die Kamera ist nicht erreichbar",
  away: "Das Gateway antwortet nicht",
  signIn: "Diese Seite braucht ihren Link",
  signInDetail: "Bitte den Link noch einmal öffnen, den hamaproto serve ausgegeben hat.",
  again: "Neuer Versuch in {seconds} s",
  lastPicture: "Dieses Bild ist {seconds} s alt",
  heardStalled: "Kein Bild, neuer Versuch läuft.",
  heardLive: "Das Bild ist live.",

  soundAndPictures: "Ton und Bilder",
  soundOn: "Zuhören",
  soundOff: "Stumm",
  soundStarting: "Startet …",
  soundLost: "Der Ton ist weg, neuer Versuch läuft.",
  soundBlocked: "Der Browser hält den Ton zurück: bitte noch einmal auf Zuhören.",
  volume: "Lautstärke hier",
  talk: "Sprechen",
  talkEnd: "Sprechen beenden",
  talking: "Man hört Sie an der Kamera.",
  talkRefused: "Die Kamera nimmt keinen Ton an: {reason}",
  talkInsecure:
    "Zum Sprechen diese Seite mit https oder als localhost öffnen: sonst geben Browser das Mikrofon nicht frei.",
  talkNoMicrophone: "Der Browser gibt kein Mikrofon frei: {reason}",
  talkEnded: "Man hört Sie nicht mehr.",
  snapshot: "Foto",
  snapshotSaved: "{file} gespeichert.",
  snapshotNone: "Es gibt noch kein Bild.",
  record: "Aufnehmen",
  recordStop: "Beenden",
  recording: "Nimmt auf, {time}",
  recordSaved: "{file} gespeichert.",
  recordNone: "Es wurde nichts aufgenommen.",
  recordCannot: "Dieser Browser kann nicht aufnehmen.",
  recordFailed: "Die Aufnahme ist beendet: {reason}",
  fullScreen: "Vollbild",

  move: "Drehen",
  directions: {
    up: "Nach oben",
    down: "Nach unten",
    left: "Nach links",
    right: "Nach rechts",
    upleft: "Nach links oben",
    upright: "Nach rechts oben",
    downleft: "Nach links unten",
    downright: "Nach rechts unten",
    center: "Grundstellung",
  },
  moveHint: "Gehaltene Pfeile drehen weiter.",
  moveFailed: "Sie hat sich nicht gedreht: {reason}",
  speed: "Tempo",
  speeds: ["sehr langsam", "langsam", "mittel", "schnell", "sehr schnell"],
  speedEnds: ["langsam", "schnell"],

  places: "Orte",
  placesNone: "Kamera drehen, dem Ort einen Namen geben und merken.",
  placesUntold: "Diese kennt die Kamera vielleicht von früher:",
  placeNumber: "Nummer",
  placeGo: "Gehe zu {name}",
  placeGone: "Dreht sich zu {name}.",
  placeUnnamed: "Ort {number}",
  placeName: "Name dieses Ortes",
  placeSave: "Ort merken",
  placeSaved: "{name} ist gespeichert.",
  placeOther: "Die Kamera hat stattdessen „{stored}“ gespeichert.",
  placeClear: "{name} vergessen",
  placeClearAsk: "{name} vergessen? Noch einmal drücken.",
  placeCleared: "{name} ist vergessen.",
  placeFailed: "Das ging nicht: {reason}",

  settings: "Einstellungen",
  settingsNone: "Die Kamera nennt keine Einstellungen.",
  settingsFailed: "Die Einstellungen sind nicht lesbar: {reason}",
  tryAgain: "Noch einmal",
  names: {
    resolution: "Größe",
    rate: "Bilder je Sekunde",
    compression: "Kompression",
    flip: "Bildlage",
    speed: "Tempo beim Drehen",
    microphone: "Mikrofon der Kamera",
    speaker: "Lautsprecher der Kamera",
    sound: "Ton",
  },
  values: {
    flip: { 0: "wie es ist", 1: "auf dem Kopf", 2: "gespiegelt", 3: "um 180° gedreht" },
    compression: { 0: "0 (beste)", 4: "4 (kleinste)" },
    sound: { Yes: "an", No: "aus" },
  },
  unknown: "unbekannt",
  sending: "fragt …",
  stored: "gespeichert",
  storedInstead: "die Kamera hat stattdessen {stored} gespeichert",
  notTold: "gesendet; die Kamera sagt nicht, was sie gespeichert hat",
  notSet: "nicht gesetzt: {reason}",

  numbers: "Zahlen",
  rate: "Bilder je Sekunde",
  age: "Vom Gateway zum Schirm",
  ageValue: "{median} ms, 95 % in höchstens {p95} ms",
  seen: "Gezeigte Bilder",
  skipped: "Für diesen Zuschauer ausgelassen",
  damaged: "Beschädigt",
  lost: "Vor dem Gateway verloren",
  size: "Größe",
  viewers: "Zuschauer",
  soundDelay: "Ton, vom Gateway zum Ohr",
  soundGaps: "Lücken im Ton",
  milliseconds: "{value} ms",
  oddities: "Was am Strom seltsam ist",
  none: "nichts",

  keys: "Tasten",
  keysAbout: "Sie wirken, solange das Bild den Fokus hat.",
  keyRows: [
    ["← ↑ → ↓", "drehen; gehalten geht es weiter, zwei zugleich für schräg"],
    ["Pos1", "Grundstellung"],
    ["1 … 9", "zu einem Ort"],
    ["M", "zuhören, stumm"],
    ["S", "Foto"],
    ["R", "aufnehmen, beenden"],
    ["F", "Vollbild"],
  ],

  reasons: {
    network: "das Gateway antwortet nicht",
    401: "diese Seite braucht ihren Link noch einmal",
    403: "das Gateway lehnt diese Seite ab",
    404: "die Kamera hat das nicht",
    409: "die Kamera ist beschäftigt",
    502: "die Kamera antwortet nichts Lesbares",
    503: "die Kamera ist nicht erreichbar",
    504: "die Kamera braucht zu lange",
  },
};

/** Code -> the words, and the language's own name. */
export const LANGUAGES = {
  en: { name: "English", words: ENGLISH },
  de: { name: "Deutsch", words: GERMAN },
};

const KEPT = "hamaproto.language";

function remembered() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // a browser that keeps nothing
  }
}

let chosen = [remembered(), ...navigator.languages.map((tag) => tag.slice(0, 2)), "en"].find(
  (code) => code !== null && Object.hasOwn(LANGUAGES, code),
);

/** The code of the language in use. */
export function language() {
  return chosen;
}

/** Take another language, here and the next time. */
export function choose(code) {
  chosen = code;
  try {
    localStorage.setItem(KEPT, code);
  } catch {
    // It is asked again the next time.
  }
}

/** The table or list of words under a name. */
export function words(name) {
  return LANGUAGES[chosen].words[name];
}

/** The words under a name, with the values put in. */
export function say(name, values = {}) {
  return words(name).replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}
