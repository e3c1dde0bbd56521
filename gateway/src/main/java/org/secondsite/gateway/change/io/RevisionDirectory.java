package org.secondsite.gateway.change.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.secondsite.gateway.change.Revision;
import org.secondsite.gateway.change.Revisions;
import org.secondsite.net.io.PrivateFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Revisions beside the gateway's file: {@code gateway.yaml.history/} holds one JSON file for each, with its text, and
 * {@code unconfirmed.json} while one waits. The gateway's file itself is what the next start reads; it is replaced as a whole. Each
 * write is forced to stable storage under another name first, so that a power loss leaves the old or the new one. Used by one
 * thread at a time.
 */
public final class RevisionDirectory implements Revisions {
    /** How many revisions are kept; the oldest go first. */
    public static final int MAX_KEPT = 100;

    private static final Logger LOG = LoggerFactory.getLogger(RevisionDirectory.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String UNCONFIRMED = "unconfirmed.json";
    private static final String SUFFIX = ".json";
    private static final int DIGITS = 6;

    private final Path file;
    private final Path directory;
    private final List<Revision> kept = new ArrayList<>();
    private Optional<Unconfirmed> unconfirmed = Optional.empty();
    private boolean isBegun;

    /** Whether the last of them is on disk. */
    private boolean isLastKept = true;

    private RevisionDirectory(Path file) {
        this.file = file.toAbsolutePath();
        directory = this.file.resolveSibling(this.file.getFileName() + ".history");
    }

    /**
     * Reads what is kept beside a gateway's file, before the file itself is read. A revision that still waits to be confirmed is taken
     * back: the file is again what it was before.
     *
     * @param file the gateway's file
     * @return what is kept, and {@link #begin} is to be called with it
     * @throws IOException if what is kept cannot be read, or the file cannot be put back
     */
    public static RevisionDirectory open(Path file) throws IOException {
        RevisionDirectory revisions = new RevisionDirectory(file);
        if (Files.isDirectory(revisions.directory)) {
            revisions.readAll();
        }
        return revisions;
    }

    private void readAll() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(directory)) {
            files = all.filter(path -> path.getFileName().toString().matches("\\d+\\.json"))
                    .sorted()
                    .toList();
        }
        for (Path path : files) {
            readable(path, RevisionDirectory::revision).ifPresent(kept::add);
        }
        Path waiting = directory.resolve(UNCONFIRMED);
        if (Files.exists(waiting)) {
            unconfirmed = readable(waiting, RevisionDirectory::unconfirmed);
        }
    }

    /** What damage has made unreadable is passed over loudly: a gateway has to start without its past. */
    private static <T> Optional<T> readable(Path path, Function<JsonNode, T> reading) throws IOException {
        try {
            return Optional.of(reading.apply(JSON.readTree(Files.readString(path))));
        } catch (JsonProcessingException | CharacterCodingException | DateTimeParseException e) {
            LOG.error("{} is damaged, and passed over: {}", path, e.getClass().getSimpleName());
            return Optional.empty();
        }
    }

    private static Unconfirmed unconfirmed(JsonNode node) {
        return new Unconfirmed(
                node.path("number").asInt(),
                node.path("backTo").asInt(),
                Instant.parse(node.path("confirmBy").asText()));
    }

    /**
     * Takes back what was never confirmed: whoever was to confirm it saw the gateway go.
     *
     * @return the revision that was taken back
     * @throws IOException if the file cannot be put back
     */
    public Optional<Integer> takeBack() throws IOException {
        if (unconfirmed.isEmpty()) {
            return Optional.empty();
        }
        Unconfirmed waiting = unconfirmed.get();
        Optional<Revision> to = kept.stream()
                .filter(revision -> revision.number() == waiting.backTo())
                .findFirst();
        if (to.isEmpty()) {
            LOG.error(
                    "revision {} was not confirmed, but {}, which it goes back to, is lost: {} stays as it is",
                    waiting.number(),
                    waiting.backTo(),
                    file);
            confirm();
            return Optional.empty();
        }
        write(new Revision(
                kept.getLast().number() + 1,
                Instant.now(),
                "gateway",
                "revision " + waiting.number() + " was not confirmed before the gateway ended",
                List.of(),
                to.get().text()));
        confirm();
        return Optional.of(waiting.number());
    }

    /**
     * A gateway starts with its file as it is: another text than that of the last revision is a revision of its own.
     *
     * @throws IOException if the file cannot be read
     */
    public void begin() throws IOException {
        String text = Files.readString(file);
        if (kept.isEmpty() || !kept.getLast().text().equals(text)) {
            int number = kept.isEmpty() ? 1 : kept.getLast().number() + 1;
            String reason = number == 1 ? "the first start" : "the file had changed before the start";
            kept.add(new Revision(number, Instant.now(), "gateway", reason, List.of(), text));
            isLastKept = false;
        }
        isBegun = true;
    }

    @Override
    public List<Revision> all() {
        return List.copyOf(kept);
    }

    @Override
    public Optional<Unconfirmed> unconfirmed() {
        return unconfirmed;
    }

    @Override
    public void keep(Revision revision, Optional<Unconfirmed> waiting) throws IOException {
        if (!isBegun) {
            throw new IllegalStateException("not begun");
        }
        makeDirectory();
        if (!isLastKept) {
            // What a start found is kept only when there is something to come back from.
            writeRevision(kept.getLast());
        }
        if (waiting.isPresent()) {
            // Before the text: a start in between finds nothing to confirm, and the old file.
            writeUnconfirmed(waiting.get());
        }
        try {
            write(revision);
        } catch (IOException e) {
            if (unconfirmed.isEmpty()) {
                Files.deleteIfExists(directory.resolve(UNCONFIRMED));
            }
            throw e;
        }
        unconfirmed = waiting;
        if (waiting.isEmpty()) {
            confirm();
        }
        forget();
    }

    @Override
    public void confirm() throws IOException {
        if (Files.deleteIfExists(directory.resolve(UNCONFIRMED))) {
            force(directory);
        }
        unconfirmed = Optional.empty();
    }

    private void makeDirectory() throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            force(directory.getParent());
        }
    }

    /** The revision, then the gateway's file. */
    private void write(Revision revision) throws IOException {
        writeRevision(revision);
        try {
            replace(file, revision.text());
        } catch (IOException e) {
            Files.deleteIfExists(path(revision.number()));
            throw e;
        }
        kept.add(revision);
        isLastKept = true;
    }

    private void writeRevision(Revision revision) throws IOException {
        ObjectNode node = JSON.createObjectNode()
                .put("number", revision.number())
                .put("at", revision.at().toString())
                .put("who", revision.who())
                .put("reason", revision.reason());
        ArrayNode differences = node.putArray("differences");
        revision.differences().forEach(differences::add);
        node.put("text", revision.text());
        replace(path(revision.number()), JSON.writeValueAsString(node));
    }

    private void writeUnconfirmed(Unconfirmed waiting) throws IOException {
        ObjectNode node = JSON.createObjectNode()
                .put("number", waiting.number())
                .put("backTo", waiting.backTo())
                .put("confirmBy", waiting.confirmBy().toString());
        replace(directory.resolve(UNCONFIRMED), JSON.writeValueAsString(node));
    }

    private void forget() throws IOException {
        while (kept.size() > MAX_KEPT
                && unconfirmed.map(Unconfirmed::backTo).orElse(Integer.MAX_VALUE)
                        > kept.getFirst().number()) {
            Files.deleteIfExists(path(kept.removeFirst().number()));
        }
    }

    private Path path(int number) {
        return directory.resolve(String.format("%0" + DIGITS + "d", number) + SUFFIX);
    }

    private static Revision revision(JsonNode node) {
        List<String> differences = new ArrayList<>();
        node.path("differences").forEach(difference -> differences.add(difference.asText()));
        return new Revision(
                node.path("number").asInt(),
                Instant.parse(node.path("at").asText()),
                node.path("who").asText(),
                node.path("reason").asText(),
                differences,
                node.path("text").asText());
    }

    /** As a whole, forced, with the permissions that the file had; a new one is for its owner alone. */
    private static void replace(Path target, String text) throws IOException {
        byte[] content = text.getBytes(StandardCharsets.UTF_8);
        if (Files.exists(target)) {
            PrivateFiles.replace(target, content, Files.getPosixFilePermissions(target));
        } else {
            PrivateFiles.replace(target, content);
        }
    }

    private static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
