package org.secondsite.replicator;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What a VM is made of, a part a line, such as {@code device net0 (virtio-net-pci) at pci.0 3.0}: all that two hypervisors must have alike
 * for one to load the device state of the other. Sorted; no line comes twice.
 *
 * <pre>
 * count u16 | of each: length u8, printable ASCII |
 * </pre>
 *
 * @param lines the parts
 */
public record MachineParts(List<String> lines) {
    /** The most bytes on the wire. */
    public static final int MAX_BYTES = 16 << 10;

    private static final int MAX_LINES = 512;
    private static final int MAX_LINE_BYTES = 200;
    private static final int MAX_SHOWN = 6;

    /** Checks the lines. */
    public MachineParts {
        lines = List.copyOf(lines);
        int bytes = Short.BYTES;
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            bytes += 1 + line.length();
            if (line.length() > MAX_LINE_BYTES || !line.chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
                throw new IllegalArgumentException("a part of " + line.length() + " characters that is none");
            }
            if (i > 0 && line.compareTo(lines.get(i - 1)) <= 0) {
                throw new IllegalArgumentException("parts that are not sorted");
            }
        }
        if (lines.size() > MAX_LINES || bytes > MAX_BYTES) {
            throw new IllegalArgumentException(lines.size() + " parts of " + bytes + " bytes");
        }
    }

    /** Parts in any order. What has no room is left out, the same at both sites. */
    public static MachineParts of(Collection<String> parts) {
        List<String> kept = new ArrayList<>();
        int bytes = Short.BYTES;
        TreeSet<String> sorted = new TreeSet<>();
        parts.forEach(part -> sorted.add(printable(part)));
        for (String part : sorted) {
            bytes += 1 + part.length();
            if (kept.size() < MAX_LINES && bytes <= MAX_BYTES) {
                kept.add(part);
            }
        }
        return new MachineParts(kept);
    }

    /** The same with more of them. */
    public MachineParts with(Collection<String> more) {
        List<String> all = new ArrayList<>(lines);
        all.addAll(more);
        return of(all);
    }

    private static String printable(String part) {
        String plain = part.replaceAll("[^ -~]", "?");
        return plain.length() <= MAX_LINE_BYTES ? plain : plain.substring(0, MAX_LINE_BYTES);
    }

    /**
     * How what would be started here differs from the owner's, in words for its operator; empty if it does not.
     *
     * @param owners the machine whose state would be loaded
     */
    public Optional<String> differenceFrom(MachineParts owners) {
        List<String> words = new ArrayList<>();
        owners.lines.stream().filter(part -> !lines.contains(part)).forEach(part -> words.add("without " + part));
        lines.stream().filter(part -> !owners.lines.contains(part)).forEach(part -> words.add("with " + part));
        if (words.isEmpty()) {
            return Optional.empty();
        }
        int more = words.size() - MAX_SHOWN;
        return Optional.of(String.join(", ", words.subList(0, Math.min(MAX_SHOWN, words.size())))
                + (more > 0 ? " and " + more + " more" : ""));
    }

    /** Appends them. */
    void write(ByteBuf out) {
        out.writeShort(lines.size());
        for (String line : lines) {
            out.writeByte(line.length());
            out.writeCharSequence(line, StandardCharsets.US_ASCII);
        }
    }

    /**
     * Reads them.
     *
     * @throws IllegalArgumentException if the buffer ends before, or they are none
     */
    static MachineParts read(ByteBuf in) {
        int count = need(in, Short.BYTES).readUnsignedShort();
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = need(in, 1).readUnsignedByte();
            lines.add(need(in, length)
                    .readCharSequence(length, StandardCharsets.ISO_8859_1)
                    .toString());
        }
        return new MachineParts(lines);
    }

    private static ByteBuf need(ByteBuf in, int bytes) {
        if (in.readableBytes() < bytes) {
            throw new IllegalArgumentException("ends within a field of " + bytes + " bytes");
        }
        return in;
    }
}
