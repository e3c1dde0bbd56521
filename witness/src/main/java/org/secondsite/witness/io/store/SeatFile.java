package org.secondsite.witness.io.store;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import org.secondsite.config.SiteId;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.witness.SeatId;

/**
 * Where each site's gateway runs, as this node was told: a file {@code seats} beside the records. A node remembers for itself; each has
 * a connection of every gateway.
 *
 * <pre>
 *   secondsite-seats 1
 *   a 6f1c2d3e4f5061728394a5b6c7d8e9f0
 *   sum 3b2f10aa
 * </pre>
 *
 * <p>Replaced as a whole, and only when a site's gateway comes from another place. One thread.
 */
public final class SeatFile {
    private static final String NAME = "seats";
    private static final String HEAD = "secondsite-seats 1";

    private final Path file;
    private final Map<SiteId, SeatId> seats;

    private SeatFile(Path file, Map<SiteId, SeatId> seats) {
        this.file = file;
        this.seats = seats;
    }

    /**
     * Reads what is remembered.
     *
     * @param directory the node's
     * @throws IOException if it cannot be read, or is not what was written
     */
    public static SeatFile open(Path directory) throws IOException {
        Path file = directory.resolve(NAME);
        try {
            return new SeatFile(file, parse(file, Files.readAllLines(file, US_ASCII)));
        } catch (NoSuchFileException e) {
            return new SeatFile(file, new TreeMap<>());
        }
    }

    private static Map<SiteId, SeatId> parse(Path file, List<String> lines) throws IOException {
        IOException damaged =
                new IOException(file + " is damaged: where the sites' gateways run is not known. Remove it"
                        + " only if no site has a second gateway with its certificate");
        if (lines.size() < 2 || !lines.getFirst().equals(HEAD)) {
            throw damaged;
        }
        Map<SiteId, SeatId> seats = new TreeMap<>();
        for (String line : lines.subList(1, lines.size() - 1)) {
            String[] words = line.split(" ", -1);
            if (words.length != 2) {
                throw damaged;
            }
            try {
                seats.put(new SiteId(words[0]), SeatId.parse(words[1]).orElseThrow(() -> damaged));
            } catch (IllegalArgumentException e) {
                throw damaged;
            }
        }
        if (!String.join("\n", lines).concat("\n").equals(content(seats))) {
            throw damaged;
        }
        return seats;
    }

    private static String content(Map<SiteId, SeatId> seats) {
        StringBuilder text = new StringBuilder(HEAD).append('\n');
        seats.forEach((site, seat) ->
                text.append(site.name()).append(' ').append(seat).append('\n'));
        CRC32 sum = new CRC32();
        sum.update(text.toString().getBytes(US_ASCII));
        return text.append(String.format("sum %08x\n", sum.getValue())).toString();
    }

    /** By site: where its gateway runs. */
    public Map<SiteId, SeatId> seats() {
        return Map.copyOf(seats);
    }

    /**
     * Remembers a seat, {@link SeatId#NONE} to forget it; it is on the disk when this returns.
     *
     * @throws IOException if the disk does not take it
     */
    public void keep(SiteId site, SeatId seat) throws IOException {
        if (seat.isNone()) {
            seats.remove(site);
        } else {
            seats.put(site, seat);
        }
        PrivateFiles.replace(file, content(seats).getBytes(US_ASCII));
    }
}
