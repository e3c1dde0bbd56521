package org.secondsite.net.io;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * The highest term that a gateway was ever told, or an agent for one of its VMs, on its disk. It is what a witness is told first, by an
 * agent through its gateway: one whose disk went back in time grants nothing then, also when every gateway was started anew (safety rule
 * NoTermTwice).
 *
 * <pre>
 *   secondsite-term 1
 *   term 17
 *   sum 3b2f10aa
 * </pre>
 *
 * <p>{@link NewestOnDisk} writes it: whoever remembers never waits for the disk.
 */
public final class TermMemory implements AutoCloseable {
    private static final String HEAD = "secondsite-term 1\n";
    private static final Pattern CONTENT =
            Pattern.compile(Pattern.quote(HEAD) + "term (\\d{1,19})\\nsum ([0-9a-f]{8})\\n");

    private final NewestOnDisk disk;
    private long term;

    private TermMemory(NewestOnDisk disk, long remembered) {
        this.disk = disk;
        term = remembered;
    }

    /**
     * Reads what is remembered, and is ready for more.
     *
     * @param file made when there is something to remember
     * @throws IOException if it cannot be read, or is not what was written: nobody knows then which terms were acted under, and
     *     only an operator may decide to begin without
     */
    public static TermMemory open(Path file) throws IOException {
        long remembered = read(file);
        return new TermMemory(NewestOnDisk.open(file, "term", remembered, NewestOnDisk.Keeper.NOBODY), remembered);
    }

    private static long read(Path file) throws IOException {
        String content;
        try {
            content = Files.readString(file, US_ASCII);
        } catch (NoSuchFileException e) {
            return 0;
        }
        Matcher matcher = CONTENT.matcher(content);
        if (!matcher.matches() || !content.equals(content(Long.parseLong(matcher.group(1))))) {
            throw new IOException(
                    file + " is damaged: which terms were acted under here is not known. Remove it only if the"
                            + " witness has never lost its records ('secondsite witness status')");
        }
        return Long.parseLong(matcher.group(1));
    }

    private static String content(long term) {
        String text = HEAD + "term " + term + "\n";
        CRC32 sum = new CRC32();
        sum.update(text.getBytes(US_ASCII));
        return text + String.format("sum %08x\n", sum.getValue());
    }

    /** The highest term that is or will be on the disk; 0 if none. */
    public synchronized long term() {
        return term;
    }

    /** This term was told. Does not wait for the disk. */
    public synchronized void remember(long told) {
        if (told > term) {
            term = told;
            disk.keep(told, content(told));
        }
    }

    /** Writes what is still to be written, if the disk takes it soon. */
    @Override
    public void close() {
        disk.close();
    }
}
