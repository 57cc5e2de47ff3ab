<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE" sourcelanguage="en">
<context>
    <name>agecam</name>
    <message>
        <source>&amp;Brightness</source>
        <translation>&amp;Helligkeit</translation>
    </message>
    <message>
        <source>&amp;Exposure</source>
        <translation>Be&amp;lichtung</translation>
    </message>
    <message>
        <source>&amp;Frames a second</source>
        <translation>&amp;Bilder je Sekunde</translation>
    </message>
    <message>
        <source>&amp;Size</source>
        <translation>&amp;Größe</translation>
    </message>
    <message>
        <source>5 s back</source>
        <translation>5 s zurück</translation>
    </message>
    <message>
        <source>5 s on</source>
        <translation>5 s weiter</translation>
    </message>
    <message>
        <source>A camera that you plug in appears here by itself.</source>
        <translation>Eine Kamera, die Sie anschließen, erscheint hier von selbst.</translation>
    </message>
    <message>
        <source>A new file every 10 minutes</source>
        <translation>Alle 10 Minuten eine neue Datei</translation>
    </message>
    <message>
        <source>A new file every 2 GB</source>
        <translation>Alle 2 GB eine neue Datei</translation>
    </message>
    <message>
        <source>A new file every 30 minutes</source>
        <translation>Alle 30 Minuten eine neue Datei</translation>
    </message>
    <message>
        <source>A new file every 500 MB</source>
        <translation>Alle 500 MB eine neue Datei</translation>
    </message>
    <message>
        <source>A new file every hour</source>
        <translation>Jede Stunde eine neue Datei</translation>
    </message>
    <message>
        <source>A new file every {size}</source>
        <translation>Alle {size} eine neue Datei</translation>
    </message>
    <message>
        <source>A recording is running. Finish it and close AgeCam?</source>
        <translation>Eine Aufnahme läuft. Soll sie abgeschlossen und AgeCam beendet werden?</translation>
    </message>
    <message>
        <source>A recording that was cut off has been finished: {path}</source>
        <translation>Eine abgebrochene Aufnahme wurde fertiggestellt: {path}</translation>
    </message>
    <message>
        <source>About</source>
        <translation>Über</translation>
    </message>
    <message>
        <source>About AgeCam</source>
        <translation>Über AgeCam</translation>
    </message>
    <message>
        <source>Address of a camera or stream (http, rtsp …):</source>
        <translation>Adresse einer Kamera oder eines Streams (http, rtsp …):</translation>
    </message>
    <message>
        <source>Age and gender models: those in {folder}, which are not AgeCam’s.</source>
        <translation>Alters- und Geschlechtsmodelle: die in {folder}, nicht die von AgeCam.</translation>
    </message>
    <message>
        <source>Age and gender models: those of AgeCam. They may be used for research only; see the model card.</source>
        <translation>Alters- und Geschlechtsmodelle: die von AgeCam. Sie dürfen nur für die Forschung genutzt werden; siehe die Modellbeschreibung.</translation>
    </message>
    <message>
        <source>Age groups</source>
        <translation>Altersgruppen</translation>
    </message>
    <message>
        <source>Age range</source>
        <translation>Altersspanne</translation>
    </message>
    <message>
        <source>AgeCam estimates age and gender from faces. Estimates can be wrong. Use them with the consent of the people in view. Pictures never leave this computer.</source>
        <translation>AgeCam schätzt Alter und Geschlecht nach Gesichtern. Schätzungen können falsch sein. Nutzen Sie sie mit Einverständnis der Personen im Bild. Bilder verlassen diesen Computer nie.</translation>
    </message>
    <message>
        <source>AgeCam finds faces in a live picture and estimates age and gender, as others would see them.

Everything stays on this computer: no picture leaves it, and nothing is kept unless you record it.

Estimates can be wrong, for some people more than for others. Decide nothing about anybody by them.

Show people only who agree to it. You find this again under “About AgeCam”.</source>
        <translation>AgeCam findet Gesichter in einem laufenden Bild und schätzt Alter und Geschlecht, wie andere sie sehen würden.

Alles bleibt auf diesem Computer: Kein Bild verlässt ihn, und nichts wird behalten, was Sie nicht aufnehmen.

Schätzungen können falsch sein, bei manchen Menschen mehr als bei anderen. Entscheiden Sie nach ihnen nichts über jemanden.

Zeigen Sie nur Menschen, die damit einverstanden sind. Sie finden das wieder unter „Über AgeCam“.</translation>
    </message>
    <message>
        <source>AgeCam goes on by itself as soon as it is back.</source>
        <translation>AgeCam macht von selbst weiter, sobald es wieder da ist.</translation>
    </message>
    <message>
        <source>AgeCam goes on by itself as soon as it may.</source>
        <translation>AgeCam macht von selbst weiter, sobald es darf.</translation>
    </message>
    <message>
        <source>AgeCam keeps trying, and goes on as soon as the camera is free.</source>
        <translation>AgeCam versucht es weiter und macht weiter, sobald die Kamera frei ist.</translation>
    </message>
    <message>
        <source>AgeCam keeps trying, and goes on by itself as soon as there is a picture.</source>
        <translation>AgeCam versucht es weiter und macht von selbst weiter, sobald ein Bild da ist.</translation>
    </message>
    <message>
        <source>AgeCam may not use the camera</source>
        <translation>AgeCam darf die Kamera nicht benutzen</translation>
    </message>
    <message>
        <source>Ages seen</source>
        <translation>Gesehene Alter</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>All of this holds from the next recording on.</source>
        <translation>All das gilt ab der nächsten Aufnahme.</translation>
    </message>
    <message>
        <source>Analysed</source>
        <translation>Ausgewertet</translation>
    </message>
    <message>
        <source>Any name or number: images of one person share it, and it need not be the real one</source>
        <translation>Ein beliebiger Name oder eine Nummer: Bilder einer Person teilen ihn, und es muss nicht der echte sein</translation>
    </message>
    <message>
        <source>As the person says</source>
        <translation>Wie die Person sagt</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Automatic exposure</source>
        <translation>Automatische Belichtung</translation>
    </message>
    <message>
        <source>Begin a recording three seconds after the click</source>
        <translation>Eine Aufnahme drei Sekunden nach dem Klick beginnen</translation>
    </message>
    <message>
        <source>Begin to take images of the person, or end it</source>
        <translation>Beginnen, Bilder der Person zu behalten, oder es beenden</translation>
    </message>
    <message>
        <source>being estimated</source>
        <translation>wird geschätzt</translation>
    </message>
    <message>
        <source>Blur faces</source>
        <translation>Gesichter verpixeln</translation>
    </message>
    <message>
        <source>Both, a file of each</source>
        <translation>Beides, je eine Datei</translation>
    </message>
    <message>
        <source>Brightness</source>
        <translation>Helligkeit</translation>
    </message>
    <message>
        <source>Brightness and exposure as the camera comes</source>
        <translation>Helligkeit und Belichtung, wie die Kamera sie mitbringt</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>Camera settings</source>
        <translation>Kameraeinstellungen</translation>
    </message>
    <message>
        <source>Camera settings…</source>
        <translation>Kameraeinstellungen…</translation>
    </message>
    <message>
        <source>Captured</source>
        <translation>Erfasst</translation>
    </message>
    <message>
        <source>Choose a camera</source>
        <translation>Kamera wählen</translation>
    </message>
    <message>
        <source>Choose a folder</source>
        <translation>Ordner wählen</translation>
    </message>
    <message>
        <source>Choose folder</source>
        <translation>Ordner wählen</translation>
    </message>
    <message>
        <source>Choose folder…</source>
        <translation>Ordner wählen…</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Wählen…</translation>
    </message>
    <message>
        <source>Clear this list</source>
        <translation>Diese Liste leeren</translation>
    </message>
    <message>
        <source>Click to open it</source>
        <translation>Klicken, um es zu öffnen</translation>
    </message>
    <message>
        <source>Close AgeCam</source>
        <translation>AgeCam schließen</translation>
    </message>
    <message>
        <source>Collect</source>
        <translation>Sammeln</translation>
    </message>
    <message>
        <source>Collect faces for training</source>
        <translation>Gesichter für das Training sammeln</translation>
    </message>
    <message>
        <source>Collect faces…</source>
        <translation>Gesichter sammeln…</translation>
    </message>
    <message>
        <source>Collect into another folder</source>
        <translation>In einen anderen Ordner sammeln</translation>
    </message>
    <message>
        <source>Collected</source>
        <translation>Gesammelt</translation>
    </message>
    <message>
        <source>Collecting…</source>
        <translation>Wird gesammelt…</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copy troubleshooting text</source>
        <translation>Text zur Fehlersuche kopieren</translation>
    </message>
    <message>
        <source>Count down from three</source>
        <translation>Von drei herunterzählen</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Delay</source>
        <translation>Verzögerung</translation>
    </message>
    <message>
        <source>Delete all images of the person that is chosen</source>
        <translation>Alle Bilder der gewählten Person löschen</translation>
    </message>
    <message>
        <source>Delete all images that were collected</source>
        <translation>Alle gesammelten Bilder löschen</translation>
    </message>
    <message>
        <source>Delete all images that were collected ({count})? They cannot be brought back.</source>
        <translation>Alle gesammelten Bilder löschen ({count})? Sie lassen sich nicht zurückholen.</translation>
    </message>
    <message>
        <source>Delete everybody?</source>
        <translation>Alle löschen?</translation>
    </message>
    <message>
        <source>Delete everybody…</source>
        <translation>Alle löschen…</translation>
    </message>
    <message>
        <source>Delete person</source>
        <translation>Person löschen</translation>
    </message>
    <message>
        <source>Demo</source>
        <translation>Demo</translation>
    </message>
    <message>
        <source>Disk almost full: about {minutes} min left</source>
        <translation>Festplatte fast voll: etwa {minutes} min übrig</translation>
    </message>
    <message>
        <source>Disk almost full: less than a minute left</source>
        <translation>Festplatte fast voll: weniger als eine Minute übrig</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>End of the clip: F5 plays it again</source>
        <translation>Ende des Videos: F5 spielt es noch einmal</translation>
    </message>
    <message>
        <source>Error: {text}</source>
        <translation>Fehler: {text}</translation>
    </message>
    <message>
        <source>Estimates can be wrong. Use them with the consent of the people in view.</source>
        <translation>Schätzungen können falsch sein. Nutzen Sie sie mit Einverständnis der Personen im Bild.</translation>
    </message>
    <message>
        <source>Exposure</source>
        <translation>Belichtung</translation>
    </message>
    <message>
        <source>Faces are blurred in the picture without labels too.</source>
        <translation>Gesichter sind auch im Bild ohne Beschriftung verpixelt.</translation>
    </message>
    <message>
        <source>Faces cannot be analysed</source>
        <translation>Gesichter können nicht ausgewertet werden</translation>
    </message>
    <message>
        <source>Faces with a label</source>
        <translation>Beschriftete Gesichter</translation>
    </message>
    <message>
        <source>female</source>
        <translation>weiblich</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Finishing CSV</source>
        <translation>CSV wird abgeschlossen</translation>
    </message>
    <message>
        <source>Finishing…</source>
        <translation>Wird abgeschlossen…</translation>
    </message>
    <message>
        <source>Five seconds back</source>
        <translation>Fünf Sekunden zurück</translation>
    </message>
    <message>
        <source>Five seconds on</source>
        <translation>Fünf Sekunden weiter</translation>
    </message>
    <message>
        <source>Folders</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>For a bug report</source>
        <translation>Für einen Fehlerbericht</translation>
    </message>
    <message>
        <source>Frames a second</source>
        <translation>Bilder je Sekunde</translation>
    </message>
    <message>
        <source>Frames a second: {captured} captured, {analysed} analysed, {shown} shown, {dropped} skipped so far.
From capture to screen: {middle} ms, 95 % within {most} ms.</source>
        <translation>Bilder je Sekunde: {captured} erfasst, {analysed} ausgewertet, {shown} gezeigt, {dropped} bisher ausgelassen.
Von der Kamera zum Bildschirm: {middle} ms, 95 % binnen {most} ms.</translation>
    </message>
    <message>
        <source>Free software under the GNU GPL, version 3 or later.</source>
        <translation>Freie Software unter der GNU GPL, Version 3 oder später.</translation>
    </message>
    <message>
        <source>From {part} of the picture’s height on</source>
        <translation>Ab {part} der Bildhöhe</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>Vollbild</translation>
    </message>
    <message>
        <source>Gender</source>
        <translation>Geschlecht</translation>
    </message>
    <message>
        <source>gender ?</source>
        <translation>Geschlecht ?</translation>
    </message>
    <message>
        <source>Give a name or number.</source>
        <translation>Geben Sie einen Namen oder eine Nummer an.</translation>
    </message>
    <message>
        <source>Give an age or a gender.</source>
        <translation>Geben Sie ein Alter oder Geschlecht an.</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>Hide the panel of people</source>
        <translation>Die Leiste der Personen ausblenden</translation>
    </message>
    <message>
        <source>Hide this panel ({key})</source>
        <translation>Diese Leiste ausblenden ({key})</translation>
    </message>
    <message>
        <source>High quality</source>
        <translation>Hohe Qualität</translation>
    </message>
    <message>
        <source>How large the picture is</source>
        <translation>Wie groß das Bild ist</translation>
    </message>
    <message>
        <source>How many are in view, and how many were seen since AgeCam was started</source>
        <translation>Wie viele im Bild sind und wie viele seit dem Start von AgeCam zu sehen waren</translation>
    </message>
    <message>
        <source>How many pictures a second the camera is asked for</source>
        <translation>Um wie viele Bilder je Sekunde die Kamera gebeten wird</translation>
    </message>
    <message>
        <source>I agree</source>
        <translation>Einverstanden</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>Images collected</source>
        <translation>Gesammelte Bilder</translation>
    </message>
    <message>
        <source>Images of {name} collected: {count}, in {folder}.</source>
        <translation>Bilder von {name} gesammelt: {count}, in {folder}.</translation>
    </message>
    <message>
        <source>Images of {name} collected: {count}, in {folder}. The person is out of view.</source>
        <translation>Bilder von {name} gesammelt: {count}, in {folder}. Die Person ist nicht mehr im Bild.</translation>
    </message>
    <message>
        <source>In years</source>
        <translation>In Jahren</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>Keep images of a person with the true age, for training</source>
        <translation>Bilder einer Person mit dem wahren Alter für das Training behalten</translation>
    </message>
    <message>
        <source>Keyboard</source>
        <translation>Tastatur</translation>
    </message>
    <message>
        <source>Keyboard…</source>
        <translation>Tastatur…</translation>
    </message>
    <message>
        <source>Labels</source>
        <translation>Beschriftung</translation>
    </message>
    <message>
        <source>Labels, recording, folders</source>
        <translation>Beschriftung, Aufnahme, Ordner</translation>
    </message>
    <message>
        <source>Labels, view, recording, help</source>
        <translation>Beschriftung, Ansicht, Aufnahme, Hilfe</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Large</source>
        <translation>Groß</translation>
    </message>
    <message>
        <source>Last recordings and snapshots</source>
        <translation>Letzte Aufnahmen und Fotos</translation>
    </message>
    <message>
        <source>Leave full screen</source>
        <translation>Vollbild verlassen</translation>
    </message>
    <message>
        <source>Leave out what comes, until resumed</source>
        <translation>Auslassen, was kommt, bis es weitergeht</translation>
    </message>
    <message>
        <source>Licences</source>
        <translation>Lizenzen</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Live picture</source>
        <translation>Laufendes Bild</translation>
    </message>
    <message>
        <source>Loading</source>
        <translation>Laden</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Longest delay</source>
        <translation>Längste Verzögerung</translation>
    </message>
    <message>
        <source>Look for the source again, or play the clip again</source>
        <translation>Die Quelle erneut suchen oder das Video noch einmal abspielen</translation>
    </message>
    <message>
        <source>Make a sound when a snapshot is taken</source>
        <translation>Einen Ton abspielen, wenn ein Foto gemacht wird</translation>
    </message>
    <message>
        <source>Make better models</source>
        <translation>Bessere Modelle machen</translation>
    </message>
    <message>
        <source>Make faces unrecognisable</source>
        <translation>Gesichter unkenntlich machen</translation>
    </message>
    <message>
        <source>male</source>
        <translation>männlich</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Messages</source>
        <translation>Meldungen</translation>
    </message>
    <message>
        <source>Mirror</source>
        <translation>Spiegeln</translation>
    </message>
    <message>
        <source>Model card</source>
        <translation>Modellbeschreibung</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>More ▾</source>
        <translation>Mehr ▾</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>No answer yet</source>
        <translation>Noch keine Antwort</translation>
    </message>
    <message>
        <source>No camera</source>
        <translation>Keine Kamera</translation>
    </message>
    <message>
        <source>No camera is shown.</source>
        <translation>Es ist keine Kamera zu sehen.</translation>
    </message>
    <message>
        <source>No image of {name} was collected.</source>
        <translation>Von {name} wurde kein Bild gesammelt.</translation>
    </message>
    <message>
        <source>No image of {name} was collected. The person is out of view.</source>
        <translation>Von {name} wurde kein Bild gesammelt. Die Person ist nicht mehr im Bild.</translation>
    </message>
    <message>
        <source>Nobody has been seen yet; there is nothing to sum up.</source>
        <translation>Es war noch niemand zu sehen; es gibt nichts zusammenzufassen.</translation>
    </message>
    <message>
        <source>Nobody in view</source>
        <translation>Niemand im Bild</translation>
    </message>
    <message>
        <source>Nobody is in view.</source>
        <translation>Niemand ist im Bild.</translation>
    </message>
    <message>
        <source>Nobody yet</source>
        <translation>Noch niemand</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>Normal</translation>
    </message>
    <message>
        <source>not said</source>
        <translation>keine Angabe</translation>
    </message>
    <message>
        <source>Nothing has been recorded yet; videos will be saved in {folder}.</source>
        <translation>Es wurde noch nichts aufgenommen; Videos werden in {folder} gespeichert.</translation>
    </message>
    <message>
        <source>Nothing is collected without it</source>
        <translation>Ohne das wird nichts gesammelt</translation>
    </message>
    <message>
        <source>On screen</source>
        <translation>Am Schirm</translation>
    </message>
    <message>
        <source>One file, however long</source>
        <translation>Eine Datei, gleich wie lang</translation>
    </message>
    <message>
        <source>One frame back</source>
        <translation>Ein Bild zurück</translation>
    </message>
    <message>
        <source>One frame on</source>
        <translation>Ein Bild weiter</translation>
    </message>
    <message>
        <source>Open a video or picture</source>
        <translation>Ein Video oder Bild öffnen</translation>
    </message>
    <message>
        <source>Open address</source>
        <translation>Adresse öffnen</translation>
    </message>
    <message>
        <source>Open address…</source>
        <translation>Adresse öffnen…</translation>
    </message>
    <message>
        <source>Open file…</source>
        <translation>Datei öffnen…</translation>
    </message>
    <message>
        <source>Open recent</source>
        <translation>Zuletzt geöffnet</translation>
    </message>
    <message>
        <source>Open recordings folder</source>
        <translation>Aufnahmeordner öffnen</translation>
    </message>
    <message>
        <source>out of view</source>
        <translation>nicht im Bild</translation>
    </message>
    <message>
        <source>part {number}</source>
        <translation>Teil {number}</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>People</source>
        <translation>Personen</translation>
    </message>
    <message>
        <source>People in view</source>
        <translation>Personen im Bild</translation>
    </message>
    <message>
        <source>People over time</source>
        <translation>Personen im Verlauf</translation>
    </message>
    <message>
        <source>People whose images were collected</source>
        <translation>Personen, deren Bilder gesammelt wurden</translation>
    </message>
    <message>
        <source>Person</source>
        <translation>Person</translation>
    </message>
    <message>
        <source>Person in view</source>
        <translation>Person im Bild</translation>
    </message>
    <message>
        <source>Person {number}</source>
        <translation>Person {number}</translation>
    </message>
    <message>
        <source>Fill the screen, without the bar</source>
        <translation>Den ganzen Bildschirm füllen, ohne die Leiste</translation>
    </message>
    <message>
        <source>Play again</source>
        <translation>Noch einmal</translation>
    </message>
    <message>
        <source>Play or pause the file</source>
        <translation>Die Datei abspielen oder anhalten</translation>
    </message>
    <message>
        <source>Play the file again and again</source>
        <translation>Die Datei immer wieder abspielen</translation>
    </message>
    <message>
        <source>Position in the file</source>
        <translation>Stelle in der Datei</translation>
    </message>
    <message>
        <source>Preferences</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Preferences…</source>
        <translation>Einstellungen…</translation>
    </message>
    <message>
        <source>Probabilities</source>
        <translation>Wahrscheinlichkeiten</translation>
    </message>
    <message>
        <source>Put the command on the clipboard</source>
        <translation>Den Befehl in die Zwischenablage legen</translation>
    </message>
    <message>
        <source>Quality</source>
        <translation>Qualität</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Record the annotated picture</source>
        <translation>Das beschriftete Bild aufnehmen</translation>
    </message>
    <message>
        <source>Recorded</source>
        <translation>Aufgenommen</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>Aufnahme</translation>
    </message>
    <message>
        <source>Recording begins in {seconds} seconds</source>
        <translation>Die Aufnahme beginnt in {seconds} Sekunden</translation>
    </message>
    <message>
        <source>Recording saved: {what}</source>
        <translation>Aufnahme gespeichert: {what}</translation>
    </message>
    <message>
        <source>Recordings</source>
        <translation>Aufnahmen</translation>
    </message>
    <message>
        <source>Recordings that were cut off have been finished: {names}</source>
        <translation>Abgebrochene Aufnahmen wurden fertiggestellt: {names}</translation>
    </message>
    <message>
        <source>Restore driver defaults</source>
        <translation>Vorgaben des Treibers</translation>
    </message>
    <message>
        <source>Save everybody seen so far as a page, CSV and JSON</source>
        <translation>Alle bisher Gesehenen als Seite, CSV und JSON speichern</translation>
    </message>
    <message>
        <source>Save summary</source>
        <translation>Zusammenfassung speichern</translation>
    </message>
    <message>
        <source>Save the annotated picture as it is now</source>
        <translation>Das beschriftete Bild speichern, wie es jetzt ist</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Show a network camera or stream</source>
        <translation>Eine Netzwerkkamera oder einen Stream zeigen</translation>
    </message>
    <message>
        <source>Show a video or picture</source>
        <translation>Ein Video oder Bild zeigen</translation>
    </message>
    <message>
        <source>Show groups of ages in place of years</source>
        <translation>Altersgruppen statt Jahren zeigen</translation>
    </message>
    <message>
        <source>Show how sure group and gender are</source>
        <translation>Zeigen, wie sicher Gruppe und Geschlecht sind</translation>
    </message>
    <message>
        <source>Show how sure the age is</source>
        <translation>Zeigen, wie sicher das Alter ist</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Show log in folder</source>
        <translation>Protokoll im Ordner zeigen</translation>
    </message>
    <message>
        <source>Show rates, delay and times over the picture</source>
        <translation>Raten, Verzögerung und Zeiten über dem Bild zeigen</translation>
    </message>
    <message>
        <source>Show the built-in clip</source>
        <translation>Das eingebaute Video zeigen</translation>
    </message>
    <message>
        <source>Show the camera as in a mirror</source>
        <translation>Die Kamera wie in einem Spiegel zeigen</translation>
    </message>
    <message>
        <source>Show the controls again</source>
        <translation>Die Bedienelemente wieder zeigen</translation>
    </message>
    <message>
        <source>Show the estimated gender</source>
        <translation>Das geschätzte Geschlecht zeigen</translation>
    </message>
    <message>
        <source>Show the folder</source>
        <translation>Den Ordner zeigen</translation>
    </message>
    <message>
        <source>Show the last recordings and snapshots below the picture</source>
        <translation>Die letzten Aufnahmen und Fotos unter dem Bild zeigen</translation>
    </message>
    <message>
        <source>Show who is in view, and what was seen in this session</source>
        <translation>Zeigen, wer im Bild ist und was in dieser Sitzung zu sehen war</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Size and frame rate are locked while a recording runs.</source>
        <translation>Größe und Bildrate sind gesperrt, solange eine Aufnahme läuft.</translation>
    </message>
    <message>
        <source>Size, frame rate, brightness, exposure</source>
        <translation>Größe, Bildrate, Helligkeit, Belichtung</translation>
    </message>
    <message>
        <source>Skipped</source>
        <translation>Ausgelassen</translation>
    </message>
    <message>
        <source>Small</source>
        <translation>Klein</translation>
    </message>
    <message>
        <source>Small files</source>
        <translation>Kleine Dateien</translation>
    </message>
    <message>
        <source>Snapshot</source>
        <translation>Foto</translation>
    </message>
    <message>
        <source>Snapshot saved: {path}</source>
        <translation>Foto gespeichert: {path}</translation>
    </message>
    <message>
        <source>Snapshots</source>
        <translation>Fotos</translation>
    </message>
    <message>
        <source>Sound with snapshots</source>
        <translation>Ton bei Fotos</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>Geschwindigkeit</translation>
    </message>
    <message>
        <source>Speed {speed}</source>
        <translation>Geschwindigkeit {speed}</translation>
    </message>
    <message>
        <source>Stages, ms</source>
        <translation>Schritte, ms</translation>
    </message>
    <message>
        <source>Standard quality</source>
        <translation>Normale Qualität</translation>
    </message>
    <message>
        <source>Start AgeCam; this is asked once</source>
        <translation>AgeCam starten; danach wird nur einmal gefragt</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Start</translation>
    </message>
    <message>
        <source>Statistics</source>
        <translation>Statistik</translation>
    </message>
    <message>
        <source>still picture</source>
        <translation>Standbild</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Stopp</translation>
    </message>
    <message>
        <source>Stop recording?</source>
        <translation>Aufnahme beenden?</translation>
    </message>
    <message>
        <source>Stop the recording first.</source>
        <translation>Beenden Sie zuerst die Aufnahme.</translation>
    </message>
    <message>
        <source>Summary saved: {page}, and the same as {table} and .json</source>
        <translation>Zusammenfassung gespeichert: {page}, und dasselbe als {table} und .json</translation>
    </message>
    <message>
        <source>Table saved: {what}</source>
        <translation>Tabelle gespeichert: {what}</translation>
    </message>
    <message>
        <source>Taken by and by, in different poses and sizes: let the person move a little</source>
        <translation>Nach und nach, in verschiedenen Haltungen und Größen: Die Person soll sich ein wenig bewegen</translation>
    </message>
    <message>
        <source>The camera chooses how long it exposes</source>
        <translation>Die Kamera wählt, wie lange sie belichtet</translation>
    </message>
    <message>
        <source>The camera gives</source>
        <translation>Die Kamera liefert</translation>
    </message>
    <message>
        <source>The camera is in use</source>
        <translation>Die Kamera ist belegt</translation>
    </message>
    <message>
        <source>The camera was away for {seconds} s; the recording goes on.</source>
        <translation>Die Kamera war {seconds} s lang weg; die Aufnahme geht weiter.</translation>
    </message>
    <message>
        <source>The folder that AgeCam uses by itself</source>
        <translation>Der Ordner, den AgeCam von selbst nutzt</translation>
    </message>
    <message>
        <source>The person agrees that these images are kept for training</source>
        <translation>Die Person ist einverstanden, dass diese Bilder für das Training behalten werden</translation>
    </message>
    <message>
        <source>Faces are blurred: nobody is collected.</source>
        <translation>Gesichter sind verpixelt: niemand wird gesammelt.</translation>
    </message>
    <message>
        <source>{name} is not plugged in.</source>
        <translation>{name} ist nicht angeschlossen.</translation>
    </message>
    <message>
        <source>There is no file “{spec}”; it was moved or deleted.</source>
        <translation>Die Datei „{spec}“ gibt es nicht; sie wurde verschoben oder gelöscht.</translation>
    </message>
    <message>
        <source>The person has to agree.</source>
        <translation>Die Person muss einverstanden sein.</translation>
    </message>
    <message>
        <source>The picture has stopped</source>
        <translation>Das Bild ist ausgeblieben</translation>
    </message>
    <message>
        <source>The picture with labels</source>
        <translation>Das Bild mit Beschriftung</translation>
    </message>
    <message>
        <source>The picture without labels</source>
        <translation>Das Bild ohne Beschriftung</translation>
    </message>
    <message>
        <source>The range beside an age holds the true one four times in five; “?” stands for an age whose range is wider than {years} years, and for a gender that is less than {percent} % sure.</source>
        <translation>Die Spanne neben einem Alter enthält das wahre in vier von fünf Fällen; „?“ steht für ein Alter, dessen Spanne breiter als {years} Jahre ist, und für ein Geschlecht, das weniger als {percent} % sicher ist.</translation>
    </message>
    <message>
        <source>The recording was stopped before its first frame; nothing was saved.</source>
        <translation>Die Aufnahme wurde vor ihrem ersten Bild beendet; nichts wurde gespeichert.</translation>
    </message>
    <message>
        <source>The stream was away for {seconds} s; the recording goes on.</source>
        <translation>Der Stream war {seconds} s lang weg; die Aufnahme geht weiter.</translation>
    </message>
    <message>
        <source>The table was stopped before its first frame; nothing was saved.</source>
        <translation>Die Tabelle wurde vor ihrem ersten Bild beendet; nichts wurde gespeichert.</translation>
    </message>
    <message>
        <source>The troubleshooting text is on the clipboard: paste it into a bug report.</source>
        <translation>Der Text zur Fehlersuche ist in der Zwischenablage: Fügen Sie ihn in einen Fehlerbericht ein.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>There is no picture to save yet.</source>
        <translation>Es gibt noch kein Bild zu speichern.</translation>
    </message>
    <message>
        <source>This cannot be shown</source>
        <translation>Das kann nicht gezeigt werden</translation>
    </message>
    <message>
        <source>This command makes better models of these images; it needs AgeCam with its training part. Some dozens of images of each of three people or more are a beginning.</source>
        <translation>Dieser Befehl macht aus diesen Bildern bessere Modelle; er braucht AgeCam mit dem Trainingsteil. Einige Dutzend Bilder von je mindestens drei Personen sind ein Anfang.</translation>
    </message>
    <message>
        <source>Those of AgeCam</source>
        <translation>Die von AgeCam</translation>
    </message>
    <message>
        <source>True age</source>
        <translation>Wahres Alter</translation>
    </message>
    <message>
        <source>True gender</source>
        <translation>Wahres Geschlecht</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>Usual</source>
        <translation>Üblich</translation>
    </message>
    <message>
        <source>Usual size and rate</source>
        <translation>Übliche Größe und Rate</translation>
    </message>
    <message>
        <source>Videos and pictures ({kinds});;All files (*)</source>
        <translation>Videos und Bilder ({kinds});;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>Warning: {text}</source>
        <translation>Warnung: {text}</translation>
    </message>
    <message>
        <source>Welcome to AgeCam</source>
        <translation>Willkommen bei AgeCam</translation>
    </message>
    <message>
        <source>What AgeCam has noted, for a bug report</source>
        <translation>Was AgeCam vermerkt hat, für einen Fehlerbericht</translation>
    </message>
    <message>
        <source>What labels say, version, licence, privacy</source>
        <translation>Was die Beschriftung sagt, Version, Lizenz, Datenschutz</translation>
    </message>
    <message>
        <source>What the models can and cannot do</source>
        <translation>Was die Modelle können und was nicht</translation>
    </message>
    <message>
        <source>Where a label is wrong, images of the person and the true age or gender teach the models. They stay on this computer. Faces of others in them are covered.</source>
        <translation>Wo eine Beschriftung falsch ist, lernen die Modelle aus Bildern der Person und dem wahren Alter oder Geschlecht. Die Bilder bleiben auf diesem Computer. Gesichter anderer darin sind verdeckt.</translation>
    </message>
    <message>
        <source>Where recordings are saved from now on</source>
        <translation>Wo Aufnahmen von jetzt an gespeichert werden</translation>
    </message>
    <message>
        <source>Where videos are saved</source>
        <translation>Wo Videos gespeichert werden</translation>
    </message>
    <message>
        <source>Which camera to show</source>
        <translation>Welche Kamera zu sehen ist</translation>
    </message>
    <message>
        <source>Which keys do what</source>
        <translation>Welche Taste was tut</translation>
    </message>
    <message>
        <source>Whose images to collect</source>
        <translation>Wessen Bilder gesammelt werden</translation>
    </message>
    <message>
        <source>Write a table: one row a face a frame</source>
        <translation>Eine Tabelle schreiben: eine Zeile je Gesicht und Bild</translation>
    </message>
    <message>
        <source>Write CSV</source>
        <translation>CSV schreiben</translation>
    </message>
    <message>
        <source>Writing CSV {time}</source>
        <translation>CSV wird geschrieben {time}</translation>
    </message>
    <message>
        <source>{age} years</source>
        <translation>{age} Jahre</translation>
    </message>
    <message>
        <source>{count} dropped</source>
        <translation>{count} verloren</translation>
    </message>
    <message>
        <source>{count} face</source>
        <translation>{count} Gesicht</translation>
    </message>
    <message>
        <source>{count} faces</source>
        <translation>{count} Gesichter</translation>
    </message>
    <message>
        <source>{count} frames</source>
        <translation>{count} Bilder</translation>
    </message>
    <message>
        <source>{count} frames, {dropped} dropped</source>
        <translation>{count} Bilder, {dropped} verloren</translation>
    </message>
    <message>
        <source>{count} image</source>
        <translation>{count} Bild</translation>
    </message>
    <message>
        <source>{count} images</source>
        <translation>{count} Bilder</translation>
    </message>
    <message>
        <source>{delay} ms delay</source>
        <translation>{delay} ms Verzögerung</translation>
    </message>
    <message>
        <source>{first} to {last} years: {number}</source>
        <translation>{first} bis {last} Jahre: {number}</translation>
    </message>
    <message>
        <source>{folder}, from the next start on</source>
        <translation>{folder}, ab dem nächsten Start</translation>
    </message>
    <message>
        <source>{fps} fps</source>
        <translation>{fps} Bilder/s</translation>
    </message>
    <message>
        <source>{fps} fps, {count} frames</source>
        <translation>{fps} je Sekunde, {count} Bilder</translation>
    </message>
    <message>
        <source>{images} collected for training</source>
        <translation>{images} für das Training gesammelt</translation>
    </message>
    <message>
        <source>{language}, from the next start on</source>
        <translation>{language}, ab dem nächsten Start</translation>
    </message>
    <message>
        <source>{middle} ms, 95 % within {most} ms</source>
        <translation>{middle} ms, 95 % binnen {most} ms</translation>
    </message>
    <message>
        <source>{name} of the camera</source>
        <translation>{name} der Kamera</translation>
    </message>
    <message>
        <source>{now} now, {most} at most</source>
        <translation>{now} jetzt, höchstens {most}</translation>
    </message>
    <message>
        <source>{rate}; {fps} arrive</source>
        <translation>{rate}; {fps} kommen an</translation>
    </message>
    <message>
        <source>{seen} in view · {all} in all</source>
        <translation>{seen} im Bild · {all} insgesamt</translation>
    </message>
    <message>
        <source>{size} at {fps} frames a second</source>
        <translation>{size} mit {fps} Bildern je Sekunde</translation>
    </message>
    <message>
        <source>{taken} of {wanted} collected</source>
        <translation>{taken} von {wanted} gesammelt</translation>
    </message>
    <message>
        <source>{taken} of {wanted} images</source>
        <translation>{taken} von {wanted} Bildern</translation>
    </message>
    <message>
        <source>{time} in view</source>
        <translation>{time} im Bild</translation>
    </message>
    <message>
        <source>“Gender” is how a face looks to people who labelled photographs, as female or male; it says nothing about who somebody is.</source>
        <translation>„Geschlecht“ ist, wie ein Gesicht auf Menschen wirkt, die Fotografien als weiblich oder männlich bezeichnet haben; es sagt nichts darüber, wer jemand ist.</translation>
    </message>
    <message>
        <source>■ Stop</source>
        <translation>■ Stopp</translation>
    </message>
    <message>
        <source>■ Stop CSV</source>
        <translation>■ CSV beenden</translation>
    </message>
    <message>
        <source>▶ Resume</source>
        <translation>▶ Weiter</translation>
    </message>
    <message>
        <source>◂❙</source>
        <translation>◂❙</translation>
    </message>
    <message>
        <source>● finishing</source>
        <translation>● wird abgeschlossen</translation>
    </message>
    <message>
        <source>● Record</source>
        <translation>● Aufnehmen</translation>
    </message>
    <message>
        <source>● waiting for the picture</source>
        <translation>● wartet auf das Bild</translation>
    </message>
    <message>
        <source>✕ Cancel</source>
        <translation>✕ Abbrechen</translation>
    </message>
    <message>
        <source>❙▸</source>
        <translation>❙▸</translation>
    </message>
    <message>
        <source>❙❙</source>
        <translation>❙❙</translation>
    </message>
    <message>
        <source>❙❙ Pause</source>
        <translation>❙❙ Pause</translation>
    </message>
    <message>
        <source>⟳</source>
        <translation>⟳</translation>
    </message>
</context>
</TS>
