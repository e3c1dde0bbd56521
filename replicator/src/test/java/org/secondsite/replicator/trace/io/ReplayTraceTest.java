package org.secondsite.replicator.trace.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.pki.TestAuthority;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.trace.LoopbackReport;
import org.secondsite.replicator.trace.ReplayReport;
import org.secondsite.replicator.trace.TraceFormatException;

/** A recording is made here, byte by byte as QEMU would, and replayed. */
class ReplayTraceTest {
    private static final int PAGES = 600;
    private static final int IDLE = 6;
    private static final int BUSY = 5;

    /** Writes a recording of a guest whose pages count upwards. */
    private static final class Recording {
        private final ByteArrayOutputStream file = new ByteArrayOutputStream();
        private final byte[][] ram = new byte[PAGES][PageSet.PAGE_BYTES];
        private final byte[] device = new byte[20_000];
        private final Random random = new Random(1);

        private byte[] write() throws IOException {
            for (int page = 0; page < PAGES; page += 2) {
                random.nextBytes(ram[page]);
            }
            record(0, migration());
            record(1, new byte[4]);
            for (int i = 0; i < IDLE + BUSY; i++) {
                byte[] checkpoint = checkpoint(i < IDLE ? 10 : 300);
                int cut = random.nextInt(checkpoint.length);
                record(0, Arrays.copyOf(checkpoint, cut));
                record(1, new byte[] {0, 0, 0, 2});
                record(0, Arrays.copyOfRange(checkpoint, cut, checkpoint.length));
            }
            return file.toByteArray();
        }

        private void record(int direction, byte[] content) throws IOException {
            DataOutputStream out = new DataOutputStream(file);
            out.writeByte(direction);
            out.writeLong(42);
            out.writeInt(content.length);
            out.write(content);
        }

        private byte[] migration() throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeBytes("QEVM");
            out.writeInt(3);
            out.writeByte(7);
            out.writeInt(3);
            out.writeBytes("pc5");
            out.writeByte(1);
            out.writeInt(2);
            name(out, "ram");
            out.writeLong(4);
            out.writeLong((long) PAGES * PageSet.PAGE_BYTES | 4);
            name(out, "pc.ram");
            out.writeLong((long) (PAGES - 8) * PageSet.PAGE_BYTES);
            name(out, "pc.bios");
            out.writeLong(8L * PageSet.PAGE_BYTES);
            out.writeLong(0x10);
            footer(out, 2);
            out.writeByte(3);
            out.writeInt(2);
            for (int page = 0; page < PAGES; page++) {
                page(out, page, page == 0 || page == PAGES - 8);
            }
            out.writeLong(0x10);
            footer(out, 2);
            out.writeByte(4);
            out.writeBytes("whatever devices say");
            return bytes.toByteArray();
        }

        private byte[] checkpoint(int changes) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeInt(1);
            out.writeInt(3);
            out.writeByte(3);
            out.writeInt(2);
            for (int i = 0; i < changes; i++) {
                ram[i][random.nextInt(8) * 8]++;
                page(out, i, i == 0);
            }
            out.writeLong(0x10);
            footer(out, 2);
            out.writeByte(0);
            out.writeInt(4);
            out.writeLong(device.length);
            device[100]++;
            out.write(device);
            return bytes.toByteArray();
        }

        private void page(DataOutputStream out, int page, boolean withName) throws IOException {
            boolean bios = page >= PAGES - 8;
            long address = (long) (bios ? page - (PAGES - 8) : page) * PageSet.PAGE_BYTES;
            boolean zero = Arrays.equals(ram[page], new byte[PageSet.PAGE_BYTES]);
            out.writeLong(address | (zero ? 0x02 : 0x08) | (withName ? 0 : 0x20));
            if (withName) {
                name(out, bios ? "pc.bios" : "pc.ram");
            }
            if (zero) {
                out.writeByte(0);
            } else {
                out.write(ram[page]);
            }
        }

        private static void name(DataOutputStream out, String name) throws IOException {
            out.writeByte(name.length());
            out.write(name.getBytes(StandardCharsets.US_ASCII));
        }

        private static void footer(DataOutputStream out, int section) throws IOException {
            out.writeByte(0x7e);
            out.writeInt(section);
        }
    }

    @TempDir
    Path folder;

    @Test
    void everyEpochOfARecordingComesBackAndIsCounted() throws IOException {
        byte[] recording = new Recording().write();
        Path file = Files.write(folder.resolve("guest.colorec.zst"), Zstd.compress(recording));
        ReplayReport report = ReplayTrace.replay(file, CodecSettings.DEFAULT);
        assertEquals(PAGES, report.image().pages());
        assertEquals(PAGES / 2 * (long) PageSet.PAGE_BYTES, report.image().plainBytes());
        assertEquals(IDLE + BUSY, report.checkpoints().size());
        assertEquals(IDLE - 1, report.idle().count());
        assertEquals(BUSY, report.busy().count());
        assertTrue(report.idle().ratio() > 100, report.table());
        assertTrue(report.busy().ratio() > 100, report.table());
    }

    @Test
    void aRecordingIsRebuiltBehindATunnel() throws Exception {
        byte[] recording = new Recording().write();
        Path file = Files.write(folder.resolve("guest.colorec"), recording);
        TestAuthority pki = new TestAuthority(folder.resolve("authority"));
        try (LoopbackReplay loopback = new LoopbackReplay(pki.issue("near"), pki.issue("far"))) {
            LoopbackReport report = loopback.replay(file);
            assertEquals(PAGES / 2 * (long) PageSet.PAGE_BYTES, report.image().plainBytes());
            assertEquals(IDLE + BUSY, report.checkpoints().size());
            assertTrue(report.commitMs(50) <= report.commitMs(99), report.line());
        }
    }

    @Test
    void aRecordingThatBreaksOffEndsThere() throws IOException {
        byte[] recording = new Recording().write();
        byte[] cut = Arrays.copyOf(recording, recording.length - 5000);
        ReplayReport report = ReplayTrace.replay(new ByteArrayInputStream(cut), CodecSettings.DEFAULT);
        assertEquals(IDLE + BUSY - 1, report.checkpoints().size());
    }

    @Test
    void whatIsNoRecordingIsRefusedWithTheReason() {
        byte[] noise = new byte[5000];
        new Random(3).nextBytes(noise);
        assertThrows(
                TraceFormatException.class,
                () -> ReplayTrace.replay(new ByteArrayInputStream(noise), CodecSettings.DEFAULT));
    }
}
