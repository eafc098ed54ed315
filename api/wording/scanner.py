"""Every sentence of the scanner that works offline; it takes them along in all its languages."""

from collections.abc import Mapping

from api.wording.spending import VERDICTS
from web.marking import N_

WORDS: Mapping[str, str] = {
    # The shell
    "title": N_("Scanner"),
    "language": N_("Language"),
    "no-script": N_("The scanner needs JavaScript. Without it, sign in and scan with the form."),
    "to-form": N_("Scan with the form"),
    "help": N_("Help"),
    "close": N_("Back to scanning"),
    # A device that is not enrolled
    "enrol-title": N_("Register this device"),
    "enrol-lead": N_("Then it scans vouchers, also without a network. Nothing to install, nobody signs in."),
    "enrol-how": N_(
        "The owner of your venue opens “Devices” and invites a device. Scan the QR code shown there with this device's camera app, or type its code here."
    ),
    "enrol-code": N_("Code of the invitation"),
    "enrol-hint": N_("16 characters. It works once, for 15 minutes."),
    "enrol-do": N_("Register this device"),
    "enrol-again": N_("This device already scans for {venue}. Register it anew?"),
    "enrol-again-do": N_("Register anew"),
    "enrol-keep": N_("Leave it as it is"),
    "enrol-queue": N_("Scans are waiting here: they must be handed in before the device can be registered anew."),
    "enrol-working": N_("One moment …"),
    "enrol-done": N_("Ready: this device scans for {venue}."),
    "enrol-offline": N_("No network. Registering needs one; try again here in a moment."),
    "enrol-short": N_("That is not the whole code: it has 16 characters."),
    "enrol-unknown": N_("This code is not known. Compare it with the invitation, or ask for a new one."),
    "enrol-expired": N_("This invitation is older than 15 minutes. Ask the owner for a new one."),
    "enrol-used": N_("This invitation has been used already. Ask the owner for a new one."),
    "enrol-refused": N_("That did not work: {sentence}"),
    "browser-insecure": N_("The scanner works only on a secure page (https)."),
    "browser-old": N_(
        "This browser can't keep a key of its own. Please use Chrome or Edge from version 137, Firefox from 129 or Safari from iOS 17."
    ),
    "browser-private": N_(
        "This browser keeps nothing, probably because the window is private. Please open the page in an ordinary window."
    ),
    "other-tab": N_("The scanner is open in another tab of this browser. Close it there or go on there."),
    # A device that may not scan
    "device-revoked": N_("This device has been shut out. Ask the owner of the venue."),
    "device-suspended": N_("This device is paused. The owner can let it scan again under “Devices”."),
    "device-lost": N_("This device was reported as lost. Ask the owner of the venue."),
    "device-quarantined": N_(
        "This device's record has a gap, so it scans only with a network until the city's office has looked at it."
    ),
    "venue-paused": N_("This venue does not take points at the moment. Ask the city's office."),
    # Scanning
    "start": N_("Scan with the camera"),
    "stop": N_("Stop the camera"),
    "torch": N_("Light"),
    "zoom": N_("Zoom"),
    "picture": N_("Picture of the camera"),
    "near": N_("Hold the phone about 20 cm away from the code; with zoom 2 it gets sharp."),
    "aim": N_("Hold the code into the frame."),
    "party": N_("Persons"),
    "fewer": N_("One less"),
    "more": N_("One more"),
    "way": N_("Which way?"),
    "way-in": N_("In"),
    "way-out": N_("Out"),
    "gate-out": N_("Way out"),
    "inside": N_("inside now"),
    "came": N_("came in"),
    "went": N_("went out"),
    "code": N_("Ten characters"),
    "code-hint": N_("Below the guest's code. A hand scanner just works."),
    "check": N_("Check"),
    "today": N_("Today"),
    "let-in": N_("let in"),
    "not-let-in": N_("not let in"),
    "working": N_("Checking …"),
    "next": N_("Next guest"),
    "undo": N_("Take back"),
    "undo-until": N_("possible until {time}"),
    "undone": N_("Scan taken back"),
    "undone-sentence": N_("The guest can use the voucher again."),
    "passage-undone": N_("It counts as if the guest had not passed the gate."),
    "undo-failed": N_("Not taken back"),
    "undo-too-late": N_("The time for taking it back is over. Ask the city's office."),
    "moves": N_("It moves: let in"),
    "id-seen": N_("Identity card seen: let in"),
    "redeem": N_("Redeem"),
    "do-not-redeem": N_("Do not redeem"),
    "amount": N_("Amount"),
    "receipt": N_("Number of the receipt"),
    "receipt-hint": N_("As on your till's receipt, new for each guest."),
    "left": N_("{left} of {all} left"),
    "persons": N_("For {count} persons"),
    "camera-insecure": N_("The camera works only on a secure page (https). Please type the code."),
    "camera-missing": N_("No camera was found. Please type the code or use a hand scanner."),
    "camera-denied": N_(
        "This page may not use the camera. Allow it in the browser's settings for this page, or type the code."
    ),
    "camera-broken": N_("The camera could not be started. Close other apps that use it, or type the code."),
    "not-scanned": N_("Not scanned"),
    "hand-scanner": N_(
        "Your hand scanner types other letters than it read. Set it to the American keyboard layout, or type the ten characters."
    ),
    "too-often": N_("Too many codes in a short time. Please wait a minute."),
    "no-answer": N_("No answer about this code. Please scan it again."),
    # On what ground a scan is decided
    "tier-online": N_("Online"),
    "tier-capped": N_("Offline: small values"),
    "tier-leased": N_("Offline: reserved only"),
    "tier-refused": N_("Offline: no vouchers"),
    "tier-unknown": N_("Connecting …"),
    "by-online": N_("Checked by the city just now."),
    "by-hub": N_("Checked by the hub of this venue."),
    "by-leased": N_("Reserved for this device, checked without a network."),
    "by-capped": N_("Checked without a network, within the limits of the city."),
    "state": N_("State of this device"),
    "state-list": N_("List of used vouchers: {age}"),
    "state-no-list": N_("List of used vouchers: none yet"),
    "state-queue": N_("{count} scans wait to be handed in"),
    "state-queue-none": N_("Everything is handed in"),
    "state-clock": N_("Clock of this device: {seconds} seconds off"),
    "state-clock-right": N_("Clock of this device: right"),
    "state-battery": N_("Battery: {percent} %"),
    "state-budget": N_("Without a network today: {left} left"),
    "state-storage": N_("The browser may clear this page's memory. Put the scanner on the home screen to be safe."),
    "state-key": N_("This device: {name}"),
    "age-now": N_("just now"),
    "age-minutes": N_("{count} min old"),
    "age-hours": N_("{count} h old"),
    "leave": N_("Scans still wait to be handed in."),
    "export": N_("Save the record as a file"),
    "export-hint": N_("If this device can't reach the network any more: the owner hands the file in under “Devices”."),
    "give-back": N_("Give reserved vouchers back"),
    "give-back-hint": N_("At closing time: what guests reserved for this device and did not use can be used elsewhere again."),
    "given-back": N_("Given back"),
    "given-back-sentence": N_("This device takes no voucher any more that was reserved for it before now."),
    "canary": N_("Check before opening"),
    "canary-hint": N_("Goes through everything with a test voucher. Nothing is booked."),
    "canary-passed": N_("Test passed"),
    "canary-passed-sentence": N_("Camera, network, keys and clock are in order. You can open."),
    "canary-failed": N_("Test not passed"),
    "canary-no-camera": N_("The camera does not work: {reason}"),
    "canary-no-network": N_("No network: only vouchers that need none can be scanned."),
    "canary-no-list": N_("The list of used vouchers could not be loaded."),
    "canary-list-old": N_("The list of used vouchers is too old for scanning without a network."),
    "canary-no-keys": N_("The city's keys could not be loaded."),
    "canary-clock": N_("The clock of this device is {seconds} seconds off. Set it to automatic."),
    "canary-log": N_("This device can't write its record."),
    "canary-voucher": N_("The test voucher was not accepted: {reason}"),
    "by-none": N_("Decided without a network."),
    "alone-inside": N_("Without a network this device knows only what it has scanned itself: the guest may have left by another gate. Ask there."),
    "alone-gates": N_("Out and in again: without a network this device knows only the guests that it has scanned itself."),
    "complaint": N_("Handed in later, not accepted"),
    # Help
    "help-title": N_("When is what possible?"),
    "help-online": N_("Online: every voucher is checked by the city at once. That is the usual case."),
    "help-leased": N_(
        "Offline, reserved: the guest tapped “Going in now” before and chose this place. The voucher works here and nowhere else, also without a network."
    ),
    "help-capped": N_(
        "Offline, small values: without a network this device lets in on small values if the guest's code moves or you saw an identity card. There is a limit for the day."
    ),
    "help-refused": N_(
        "Offline, no vouchers: the list is too old or the city does not allow it. The guest's voucher stays good: ask them to come back or to pay."
    ),
    "help-gates": N_(
        "Out and in again: with some offers guests may leave and come back. Scan the same code at the way out. Without a network only the device that counted a guest out lets them in again."
    ),
    "help-alone": N_(
        "Several entrances without a network: each device knows only what it has scanned itself. With a hub of the venue they all count together."
    ),
    "help-back": N_("The device changes by itself, there is nothing to switch. What was scanned without a network is handed in as soon as there is one."),
    "help-near": N_("Hold the phone 15 to 20 cm away. On an iPhone, zoom 2 helps: close up the usual lens does not get sharp."),
    "help-hand": N_("Hand scanners (USB or Bluetooth) work without setting anything: scan, the verdict appears. Best with the American keyboard layout, as they come."),
}  # fmt: skip
"""By key; `web/static/js/scan/words.js` fills in what stands in braces."""

OFFLINE: Mapping[str, tuple[str, str]] = {
    "offline-no-device": (
        N_("No network"),
        N_("This device scans only with a network: scan again when it is back, the voucher stays good."),
    ),
    "offline-not-allowed": (
        N_("No network"),
        N_("This voucher can be checked only with a network: scan again when it is back, the voucher stays good."),
    ),
    "offline-typed": (
        N_("No network"),
        N_("Typed codes can be checked only with a network: scan the guest's code with the camera instead."),
    ),
    "offline-listed": (
        N_("No longer good"),
        N_("The list says that this voucher was used or given back: ask the guest for another one."),
    ),
    "offline-out-unknown": (
        N_("No network"),
        N_("Whether this guest went out is known only with a network: scan again when it is back, or ask at the gate where they left."),
    ),
    "offline-used-here": (
        N_("Already used"),
        N_("This device let a guest in on it on {date} at {time}: ask for another one."),
    ),
    "offline-list-old": (
        N_("No network for too long"),
        N_("The list of used vouchers is too old: scan again when the network is back, the voucher stays good."),
    ),
    "offline-value": (
        N_("Too valuable without a network"),
        N_("Vouchers of this value need a network: scan again when it is back, the voucher stays good."),
    ),
    "offline-budget": (
        N_("Limit of the day reached"),
        N_("This device may not let in more without a network today: scan again when it is back."),
    ),
    "offline-venues": (
        N_("No network"),
        N_("This voucher is good at several places, so it needs a network: scan again when it is back."),
    ),
    "offline-leased-elsewhere": (
        N_("Reserved for another gate"),
        N_("The guest reserved this voucher for another gate: send them there, or wait for the network."),
    ),
    "offline-id-needed": (
        N_("Look at the identity card"),
        N_("The code does not move: look at an identity card, then confirm it."),
    ),
}  # fmt: skip
"""Title and sentence of verdicts that only a device without a network gives."""
REFUSALS = (
    "device-key-invalid", "device-key-used", "device-lost", "device-revoked", "device-unknown",
    "device-without-key", "direction-not-here", "enrolment-signature-wrong", "internal-error",
    "invitation-expired", "invitation-unknown", "invitation-used", "request-invalid", "request-too-large",
    "scan-log-not-base64", "scan-nonce-invalid", "scan-nonce-reused", "scan-not-found", "sign-in-needed",
    "till-number-invalid", "till-number-missing", "till-number-used", "too-many-requests",
    "undo-given-back", "undo-not-offered", "undo-not-yours", "undo-nothing", "undo-too-late", "venue-suspended",
)  # fmt: skip
"""Codes of what the server refuses a device: their sentences are shown on the scanner, in its language."""


def words() -> dict[str, str]:
    """Return all sentences by key: those of verdicts as `verdict.<code>.title` and `.text`."""
    verdicts = {
        f"verdict.{code}.{part}": text
        for code, pair in (VERDICTS | dict(OFFLINE)).items()
        for part, text in zip(("title", "text"), pair, strict=True)
    }
    clock = {"clock-slow": N_("%(seconds)s seconds slow"), "clock-fast": N_("%(seconds)s seconds fast")}
    return dict(WORDS) | clock | verdicts
