package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.lab.plan.Site;

/**
 * Judges the disk of a guest that writes records, by a copy of it and without the guest: the file system must be whole after its
 * journal was replayed, and every record that was ever told must be there with its content.
 *
 * <pre>
 * record   number u64 | number × 0x9E3779B97F4A7C15 + 1 u64 | 48 times 'a' + number mod 26        little-endian, from number 1 on
 * </pre>
 */
public final class DiskJudge {
    private static final int RECORD_BYTES = 64;
    private static final String RECORDS = "/records";
    private static final long FACTOR = 0x9E3779B97F4A7C15L;
    private static final Pattern TROUBLE =
            Pattern.compile("GUEST-FAILED|I/O error|EXT4-fs (error|warning)|Buffer I/O|Remounting filesystem");

    private DiskJudge() {}

    /**
     * What was found.
     *
     * @param records whole records on the disk
     * @param complaints one line for each thing that is wrong; none if all is well
     */
    public record Finding(long records, List<String> complaints) {
        /** Copies the list. */
        public Finding {
            complaints = List.copyOf(complaints);
        }
    }

    /**
     * Looks at an image that nobody writes to meanwhile, or a copy of which is consistent by other means.
     *
     * @param image raw; only read
     * @param told the highest number of a record that any client was told of
     * @throws IOException if it cannot be looked at; what is wrong with it is in the finding
     */
    public static Finding judge(Path image, long told) throws IOException {
        // Beside the image: there is room for it there.
        Path work = Files.createTempDirectory(image.toAbsolutePath().getParent(), "judged");
        try {
            Path copy = work.resolve("copy.raw");
            Commands.run("cp", "--sparse=always", image.toString(), copy.toString());
            List<String> complaints = new ArrayList<>();
            // e2fsck(8): 1 is "file system errors corrected", which is what the replay of a journal comes to.
            check(complaints, copy, "-fp", 1);
            check(complaints, copy, "-fn", 0);
            Path records = work.resolve("records");
            Commands.run("debugfs", "-R", "dump " + RECORDS + " " + records, copy.toString());
            byte[] bytes = Files.exists(records) ? Files.readAllBytes(records) : new byte[0];
            return new Finding(bytes.length / RECORD_BYTES, allOf(complaints, wrong(bytes, told)));
        } finally {
            DirectoryTree.delete(work);
        }
    }

    /**
     * Ends a site's guest and agent by SIGKILL and judges the guest's disk; what the guest printed about its disk is a
     * complaint too.
     */
    public static Finding afterTheEnd(Lab lab, Site site, long told) throws IOException {
        lab.kill("agent:" + site.id()); // first, or it would miss its QEMU
        lab.kill("qemu:" + site.id());
        Finding found = judge(lab.paths().disk(site), told);
        List<String> printed = new ArrayList<>();
        for (Site any : Site.PAIR) {
            Path serial = lab.paths().serial(any);
            if (Files.exists(serial)) {
                printed.addAll(troubles(Files.readString(serial)));
            }
        }
        return new Finding(found.records(), allOf(found.complaints(), printed));
    }

    /** The lines in which a guest's kernel or service tells that its disk has failed. */
    static List<String> troubles(String console) {
        return console.lines().filter(line -> TROUBLE.matcher(line).find()).toList();
    }

    private static List<String> allOf(List<String> some, List<String> others) {
        List<String> all = new ArrayList<>(some);
        all.addAll(others);
        return all;
    }

    private static void check(List<String> complaints, Path image, String how, int maxCode) throws IOException {
        Commands.Ended ended = Commands.runToAnyEnd("e2fsck", how, image.toString());
        if (ended.code() > maxCode) {
            complaints.add("e2fsck " + how + " ended with " + ended.code() + ": " + ended.output());
        }
    }

    /** What is wrong with a file of records; the content of the first wrong one is told, and how many there are. */
    static List<String> wrong(byte[] file, long told) {
        List<String> complaints = new ArrayList<>();
        long records = file.length / RECORD_BYTES;
        if (records < told) {
            complaints.add("record " + told + " was told and the disk has " + records);
        }
        long wrong = 0;
        String first = "";
        for (int i = 0; i < records; i++) {
            byte[] found = Arrays.copyOfRange(file, i * RECORD_BYTES, (i + 1) * RECORD_BYTES);
            if (!Arrays.equals(found, record(i + 1L))) {
                first = wrong++ == 0 ? "record " + (i + 1) + " begins with " + hex(found) : first;
            }
        }
        if (wrong > 0) {
            complaints.add(wrong + " of " + records + " records are not what was written: " + first);
        }
        return complaints;
    }

    /** A record as the guest writes it. */
    static byte[] record(long number) {
        ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(number)
                .putLong(number * FACTOR + 1);
        Arrays.fill(record.array(), record.position(), RECORD_BYTES, (byte) ('a' + number % 26));
        return record.array();
    }

    private static String hex(byte[] record) {
        return String.format(
                "%016x", ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).getLong());
    }
}
