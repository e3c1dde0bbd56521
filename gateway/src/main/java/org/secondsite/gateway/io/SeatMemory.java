package org.secondsite.gateway.io;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.secondsite.witness.SeatId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The seat of this gateway, on its disk, and bound to this very file on this very machine: whoever starts from a copy of the disk finds
 * a seat of another place, and draws one of its own. While it is open the file is locked, so the process before it is dead.
 *
 * <pre>
 *   secondsite-seat 1
 *   seat 6f1c2d3e4f5061728394a5b6c7d8e9f0
 *   inode 1234567
 *   machine 4c4c4544-0042-...
 * </pre>
 *
 * <p>The machine is known by what its firmware says, which a copy of a virtual machine is given anew; where firmware says nothing, by
 * this boot of it.
 */
public final class SeatMemory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SeatMemory.class);
    private static final Pattern CONTENT =
            Pattern.compile("secondsite-seat 1\nseat ([0-9a-f]{32})\ninode (\\d{1,20})\nmachine ([!-~]{1,128})\n");
    private static final Path[] MACHINE = {
        Path.of("/sys/class/dmi/id/product_uuid"),
        Path.of("/sys/firmware/devicetree/base/serial-number"),
        Path.of("/proc/sys/kernel/random/boot_id")
    };
    private static final int MAX_OCTETS = 1024;

    private final FileChannel channel;
    private final SeatId seat;

    private SeatMemory(FileChannel channel, SeatId seat) {
        this.channel = channel;
        this.seat = seat;
    }

    /**
     * Takes the seat of this place, for as long as it is open.
     *
     * @param file made when it is not there
     * @throws IOException if it cannot be used, or another gateway runs with it
     */
    public static SeatMemory open(Path file) throws IOException {
        return open(file, machine());
    }

    /** The same on a machine that the caller names. */
    static SeatMemory open(Path file, String machine) throws IOException {
        if (!Files.exists(file)) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            lock(channel, file);
            return taken(
                    channel, file, "\ninode " + Files.getAttribute(file, "unix:ino") + "\nmachine " + machine + "\n");
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static void lock(FileChannel channel, Path file) throws IOException {
        try {
            if (channel.tryLock() != null) {
                return;
            }
        } catch (OverlappingFileLockException e) {
            LOG.debug("locked by this process", e);
        }
        throw new IOException("another gateway of this site runs with " + file);
    }

    private static SeatMemory taken(FileChannel channel, Path file, String place) throws IOException {
        String content = read(channel);
        Matcher matcher = CONTENT.matcher(content);
        boolean legible = matcher.matches();
        if (legible && content.endsWith(place)) {
            return new SeatMemory(channel, SeatId.parse(matcher.group(1)).orElseThrow());
        }
        if (!content.isEmpty()) {
            LOG.warn(
                    "{}: {}. This counts as another gateway than the one before",
                    file,
                    legible ? "copied, or moved to another machine" : "damaged");
        }
        SeatId seat = SeatId.drawn(new SecureRandom());
        channel.truncate(0);
        ByteBuffer octets = ByteBuffer.wrap(("secondsite-seat 1\nseat " + seat + place).getBytes(US_ASCII));
        while (octets.hasRemaining()) {
            channel.write(octets, octets.position());
        }
        channel.force(true);
        return new SeatMemory(channel, seat);
    }

    private static String read(FileChannel channel) throws IOException {
        ByteBuffer octets = ByteBuffer.allocate((int) Math.min(channel.size(), MAX_OCTETS));
        while (octets.hasRemaining() && channel.read(octets, octets.position()) >= 0) {
            // Until all of it is there.
        }
        return new String(octets.array(), 0, octets.position(), US_ASCII);
    }

    private static String machine() throws IOException {
        for (Path file : MACHINE) {
            if (Files.isReadable(file)) {
                String name = Files.readString(file, US_ASCII).replaceAll("[^!-~]", "");
                if (!name.isEmpty() && name.length() <= 128 && !name.matches("[0fF-]*")) {
                    return name;
                }
            }
        }
        throw new IOException("no way to tell this machine from a copy of it");
    }

    /** Where this gateway runs. */
    public SeatId seat() {
        return seat;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
