package org.secondsite.net.io;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.secondsite.net.Backoff;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 * <p>A file is replaced as a whole: written beside, forced, renamed, and the directory forced. A thread of its own does that, so
 * whoever remembers never waits for the disk. A write that fails is said once, and tried again until the disk takes it.
 */
public final class TermMemory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TermMemory.class);
    private static final String HEAD = "secondsite-term 1\n";
    private static final Pattern CONTENT =
            Pattern.compile(Pattern.quote(HEAD) + "term (\\d{1,19})\\nsum ([0-9a-f]{8})\\n");
    private static final int CLOSE_MS = 1000;
    private static final int AGAIN_MS = 100;
    private static final int SELDOM_MS = 10_000;
    private static final int STACK_OCTETS = 256 << 10;

    private final Path file;
    private final Thread writer;
    private final Object changed = new Object();
    private long wanted;
    private long written;
    private boolean closed;

    private TermMemory(Path file, long remembered) {
        this.file = file;
        wanted = remembered;
        written = remembered;
        // Not a virtual one: a disk that hangs would keep a carrier from all others.
        writer = Thread.ofPlatform()
                .name("term-memory")
                .daemon()
                .stackSize(STACK_OCTETS)
                .unstarted(this::write);
    }

    /**
     * Reads what is remembered, and is ready for more.
     *
     * @param file made when there is something to remember
     * @throws IOException if it cannot be read, or is not what was written: nobody knows then which terms were acted under, and
     *     only an operator may decide to begin without
     */
    public static TermMemory open(Path file) throws IOException {
        TermMemory memory = new TermMemory(file, read(file));
        memory.writer.start();
        return memory;
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
    public long term() {
        synchronized (changed) {
            return wanted;
        }
    }

    /** This term was told. Does not wait for the disk. */
    public void remember(long term) {
        synchronized (changed) {
            if (term > wanted) {
                wanted = term;
                changed.notifyAll();
            }
        }
    }

    private void write() {
        Backoff backoff = new Backoff(AGAIN_MS, SELDOM_MS);
        boolean failing = false;
        try {
            long term;
            while ((term = next()) != 0) {
                try {
                    PrivateFiles.replace(file, content(term).getBytes(US_ASCII));
                    if (failing) {
                        LOG.info("{}: term {} is remembered now", file, term);
                    }
                    failing = false;
                    backoff.reset();
                    done(term);
                } catch (IOException e) {
                    if (!failing) {
                        LOG.error(
                                "{}: term {} could not be remembered, which is tried again: {}",
                                file,
                                term,
                                e.toString());
                    }
                    failing = true;
                    if (!mayTryAgain(term, backoff.next())) {
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void done(long term) {
        synchronized (changed) {
            written = term;
        }
    }

    /** Lets time pass, less if there is news; false if the last attempt was the last one. */
    private boolean mayTryAgain(long tried, int waitMs) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
        synchronized (changed) {
            if (closed) {
                return false;
            }
            long left = waitMs;
            while (!closed && wanted == tried && left > 0) {
                changed.wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
            return true;
        }
    }

    /** The next term to write; 0 when there will be none. */
    private long next() throws InterruptedException {
        synchronized (changed) {
            while (wanted == written) {
                if (closed) {
                    return 0;
                }
                changed.wait();
            }
            return wanted;
        }
    }

    /** Writes what is still to be written, if the disk takes it soon. */
    @Override
    public void close() {
        synchronized (changed) {
            closed = true;
            changed.notifyAll();
        }
        try {
            writer.join(CLOSE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
