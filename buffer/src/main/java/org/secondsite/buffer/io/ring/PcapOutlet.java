package org.secondsite.buffer.io.ring;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.pcap4j.core.BpfProgram;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapNativeException;
import org.secondsite.buffer.ReleaseCursor;

/** Sends through libpcap, a frame at a time. */
final class PcapOutlet implements FrameOutlet {
    private static final int BATCH = 64;
    private static final int TIMEOUT_MILLIS = 10;

    private final String name;
    private final List<byte[]> batch = new ArrayList<>(BATCH);
    private PcapHandle handle;
    private int sent;

    /**
     * Opens the way out.
     *
     * @throws IOException if libpcap is missing or refuses
     */
    PcapOutlet(String name) throws IOException {
        this.name = name;
        handle = open(name);
    }

    private static PcapHandle open(String name) throws IOException {
        try {
            PcapHandle opened = new PcapHandle.Builder(name)
                    .snaplen(64)
                    .timeoutMillis(TIMEOUT_MILLIS)
                    .bufferSize(1 << 16)
                    .build();
            // It only sends; what it hears is thrown away in the kernel.
            opened.setFilter("less 1", BpfProgram.BpfCompileMode.OPTIMIZE);
            return opened;
        } catch (PcapNativeException | NotOpenException | UnsatisfiedLinkError e) {
            throw new IOException("libpcap cannot open " + name + ": " + e.getMessage(), e);
        }
    }

    @Override
    public boolean add(ReleaseCursor cursor) {
        if (batch.size() == BATCH) {
            return false;
        }
        byte[] frame = new byte[cursor.bytes()];
        for (int at = 0; at < frame.length; at += cursor.piece(at)) {
            MemorySegment.copy(cursor.memory(), cursor.offset(at), MemorySegment.ofArray(frame), at, cursor.piece(at));
        }
        batch.add(frame);
        return true;
    }

    @Override
    public Outcome send() {
        sent = 0;
        try {
            for (byte[] frame : batch) {
                handle.sendPacket(frame);
                sent++;
            }
            return Outcome.SENT;
        } catch (PcapNativeException e) {
            return outcome(String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT));
        } catch (NotOpenException e) {
            return Outcome.DOWN;
        } finally {
            batch.clear();
        }
    }

    /** libpcap has no codes, only the C library's words in English. */
    private static Outcome outcome(String message) {
        if (message.contains("no buffer space") || message.contains("temporarily unavailable")) {
            return Outcome.BUSY;
        }
        if (message.contains("network is down") || message.contains("no such device")) {
            return Outcome.DOWN;
        }
        return Outcome.REFUSED;
    }

    @Override
    public int sent() {
        return sent;
    }

    @Override
    public void rebind() throws IOException {
        PcapHandle old = handle;
        handle = open(name);
        old.close();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void close() {
        handle.close();
    }
}
