package org.secondsite.replicator.checkpoint;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.net.PeerText;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.EpochHeader;

/**
 * The bytes of the native checkpoint protocol. Everything is big-endian; an epoch id is {@code term u64, number u64}.
 *
 * <pre>
 * frame      0               4       5                       8
 *            | body length   | type  | reserved, zero        | body …
 *
 * HELLO 1            | version u16 | flags u16 (bit 0: running; from version 4 on, the others: capabilities)
 *                    | RAM bytes u64 | applied, 16 bytes | VM name: length u8, ASCII | length u16, description in UTF-8 |
 * WELCOME 2          | version u16 | window u32 | window bytes u64 | stalls u8 | from version 4 on: capabilities u16 |
 * REFUSED 3          | length u16, reason |             STOP_VM 16: the same
 * START 4            | first epoch | full u8 (0, 1) | interval ms u32 |
 * INTERVAL 5         | interval ms u32 |
 * RETITLE 7, SEAL 8, SEALED 9, CREDIT 14, APPLIED 18, ACTIVATE 19, ACTIVATED 20, VM_PAUSED 26     | epoch |
 * CHECKPOINT_NOW 6, STOP 15, VM_STOPPED 17, RELEASE 21, PAUSE_VM 25, RESUME_VM 27                 nothing
 * OF_DISKS 33        | {@link DiskTalk} |
 * COPY_AT 34         | count u8 | of each disk: missing blocks u32 | limit in bytes/s u64, 0 for none |
 * WINDOW 35          | window u32 | window bytes u64 | stalls u8 |
 * TERM 36            | term u64 |
 * FLUSH_AT_ONCE 30, SYNC_DISKS 31, DISKS_SYNCED 32                                               nothing
 * BEGIN 10           | epoch | base | RAM bytes u64 | pages u32 | device state bytes u32 | VM name |
 *                    | if the VM has disks: disks | ranges u32 |
 * DISK_RANGES 28     | count u16 | of each: first u32, count u32 |
 * DISKS 29           | disks | durability u8, 0 disk, 1 memory |
 * disks              | count u8, 16 more with a basis | of each: name length u8, ASCII, bytes u64 | missing blocks u64 | if so: basis |
 * PAGES 11           | n u32 | n × (zero flag: 1 bit, page number: 31 bits) | 4096 bytes for each page not flagged |
 * DEVICE_STATE 12    | bytes |                                  DEVICE_SAME 37: from u32 | bytes u32 |
 * END 13             | epoch | checksum u64 | pause ns u64 |
 * FAILED 22          | kind u8 | epoch | length u16, reason |
 * PING 23, PONG 24   | number u64 |
 * </pre>
 *
 * <p>The blocks of the disks are numbered behind the pages of the RAM, disk after disk, and travel in PAGES. What is said about disks is
 * said only where both ends can it; a VM without disks has the same messages as ever.
 *
 * <p>Who may send what, and the bounds of every body, stand in {@link MessageType}; both are checked before the body is
 * waited for, so a wrong length is refused without buffering it.
 *
 * <p>An agent offers its version in HELLO. A gateway that does not speak it says so in REFUSED ({@link Limits#OTHER_VERSION}), and the
 * agent offers the version before on its next connection. The places of version, VM name and description in HELLO, and of the text
 * in REFUSED, are the same in every version.
 */
public final class CheckpointCodec {
    /** The bytes before a body. */
    public static final int HEADER_BYTES = 8;

    private static final int FLAG_RUNNING = 1;

    /** The first version in which each end says what it can beyond its version. */
    private static final int CAPABILITIES_VERSION = 4;

    private CheckpointCodec() {}

    /**
     * Reads one message, and takes its frame if that is whole. Never throws for what a peer sent.
     *
     * @param in the bytes received and not yet taken
     * @param sender the side that they come from
     */
    public static Decoded<CheckpointMessage, Reset> decode(ByteBuf in, Side sender) {
        if (in.readableBytes() < HEADER_BYTES) {
            return Decoded.needMore();
        }
        int start = in.readerIndex();
        int length = in.getInt(start);
        int code = in.getUnsignedByte(start + 4);
        MessageType type = MessageType.of(code);
        if (type == null) {
            return refused(ResetCode.BAD_TYPE, "no message has the type " + code);
        }
        if (!type.maySend(sender)) {
            return refused(ResetCode.BAD_DIRECTION, type + " cannot come from the " + sender);
        }
        if (in.getUnsignedMedium(start + 5) != 0) {
            return refused(ResetCode.BAD_RESERVED, type + " with reserved bits set");
        }
        if (length < type.minBodyBytes || length > type.maxBodyBytes) {
            return refused(
                    ResetCode.BAD_LENGTH, type + " with a body of " + Integer.toUnsignedString(length) + " bytes");
        }
        if (in.readableBytes() - HEADER_BYTES < length) {
            return Decoded.needMore();
        }
        in.skipBytes(HEADER_BYTES);
        try {
            return new Decoded.Complete<>(body(type, new Body(in.readSlice(length))));
        } catch (IllegalArgumentException refused) {
            // The value types know their own ranges; what they refuse is the peer's fault and ends the connection.
            return refused(ResetCode.BAD_FIELD, type + ": " + refused.getMessage());
        }
    }

    private static Decoded<CheckpointMessage, Reset> refused(ResetCode code, String reason) {
        return new Decoded.Refused<>(new Reset(code, reason));
    }

    private static CheckpointMessage.Welcome welcome(Body body) {
        int version = body.u16();
        int window = body.positive();
        long windowBytes = body.positiveLong();
        boolean stalls = body.flag();
        if (!isSpoken(version)) {
            throw new IllegalArgumentException("version " + version);
        }
        Set<Capability> capabilities = hasCapabilities(version) ? Capability.of(body.u16()) : Set.of();
        return new CheckpointMessage.Welcome(new Dialect(version, capabilities), window, windowBytes, stalls);
    }

    /** Whether the version is one that this code speaks. */
    public static boolean isSpoken(int version) {
        return version >= Limits.LOWEST_VERSION && version <= Limits.VERSION;
    }

    private static boolean hasCapabilities(int version) {
        return version >= CAPABILITIES_VERSION;
    }

    private static CheckpointMessage body(MessageType type, Body body) {
        CheckpointMessage message =
                switch (type) {
                    case HELLO -> hello(body);
                    case WELCOME -> welcome(body);
                    case REFUSED -> new CheckpointMessage.Refused(body.text());
                    case START -> new CheckpointMessage.Start(body.epoch(), body.flag(), body.positive());
                    case INTERVAL -> new CheckpointMessage.Interval(body.positive());
                    case CHECKPOINT_NOW -> new CheckpointMessage.CheckpointNow();
                    case RETITLE -> new CheckpointMessage.Retitle(body.epoch());
                    case SEAL -> new CheckpointMessage.Seal(body.epoch());
                    case SEALED -> new CheckpointMessage.Sealed(body.epoch());
                    case BEGIN -> begin(body);
                    case PAGES -> pages(body);
                    case DEVICE_STATE -> new CheckpointMessage.DeviceState(body.rest());
                    case DEVICE_SAME -> new CheckpointMessage.DeviceSame(body.u32(), body.u32());
                    case END -> new CheckpointMessage.End(body.epoch(), body.u64(), body.nonNegative());
                    case CREDIT -> new CheckpointMessage.Credit(body.epoch());
                    case STOP -> new CheckpointMessage.Stop();
                    case STOP_VM -> new CheckpointMessage.StopVm(body.text());
                    case VM_STOPPED -> new CheckpointMessage.VmStopped();
                    case APPLIED -> new CheckpointMessage.Applied(body.epoch());
                    case ACTIVATE -> new CheckpointMessage.Activate(body.epoch());
                    case ACTIVATED -> new CheckpointMessage.Activated(body.epoch());
                    case RELEASE -> new CheckpointMessage.Release();
                    case FAILED -> new CheckpointMessage.Failed(FailureKind.of(body.u8()), body.epoch(), body.text());
                    case PING -> new CheckpointMessage.Ping(body.u64());
                    case PONG -> new CheckpointMessage.Pong(body.u64());
                    case PAUSE_VM -> new CheckpointMessage.PauseVm();
                    case VM_PAUSED -> new CheckpointMessage.VmPaused(body.epoch());
                    case RESUME_VM -> new CheckpointMessage.ResumeVm();
                    case DISK_RANGES -> DiskBodies.ranges(body);
                    case DISKS -> DiskBodies.disksHere(body);
                    case FLUSH_AT_ONCE -> new CheckpointMessage.FlushAtOnce();
                    case SYNC_DISKS -> new CheckpointMessage.SyncDisks();
                    case DISKS_SYNCED -> new CheckpointMessage.DisksSynced();
                    case OF_DISKS -> new CheckpointMessage.OfDisks(DiskTalk.read(body.rest()));
                    case COPY_AT -> DiskBodies.copyAt(body);
                    case WINDOW -> new CheckpointMessage.Window(body.positive(), body.positiveLong(), body.flag());
                    case TERM -> new CheckpointMessage.Term(body.nonNegative());
                };
        body.end();
        return message;
    }

    private static CheckpointMessage hello(Body body) {
        int version = body.u16();
        int flags = body.u16();
        long ramBytes = body.u64();
        EpochId applied = body.epoch();
        VmId vm = body.vm();
        String description = body.text();
        if (!isSpoken(version)) {
            // Only the places of version and name are promised to stay; the rest of another version has unknown
            // meaning.
            return new CheckpointMessage.Hello(
                    new Dialect(version, Set.of()), vm, ramBytes, false, applied, description);
        }
        int capabilities = flags & ~FLAG_RUNNING;
        if (capabilities != 0 && !hasCapabilities(version)) {
            throw new IllegalArgumentException("flags " + flags);
        }
        if (!EpochHeader.isRamSize(ramBytes)) {
            throw new IllegalArgumentException(ramBytes + " bytes of RAM");
        }
        boolean running = (flags & FLAG_RUNNING) != 0;
        Dialect offer = new Dialect(version, Capability.of(capabilities));
        return new CheckpointMessage.Hello(offer, vm, ramBytes, running, applied, description);
    }

    private static CheckpointMessage begin(Body body) {
        EpochId epoch = body.epoch();
        EpochId base = body.epoch();
        long ramBytes = body.u64();
        int pageCount = body.u32();
        int deviceStateBytes = body.u32();
        VmId vm = body.vm();
        boolean hasDisks = body.hasMore();
        CarriedDisks disks = hasDisks ? DiskBodies.disks(body) : CarriedDisks.NONE;
        int rangeCount = hasDisks ? body.u32() : 0;
        EpochHeader header = new EpochHeader(vm, epoch, base, ramBytes, disks);
        if (pageCount < 0 || pageCount > header.allPages()) {
            throw new IllegalArgumentException(Integer.toUnsignedString(pageCount) + " pages of " + header.allPages());
        }
        if (rangeCount < 0 || (hasDisks && disks.isEmpty())) {
            throw new IllegalArgumentException(Integer.toUnsignedString(rangeCount) + " ranges of " + disks);
        }
        if (deviceStateBytes < 0 || deviceStateBytes > Limits.DEVICE_STATE_BYTES) {
            throw new IllegalArgumentException(Integer.toUnsignedString(deviceStateBytes) + " bytes of device state");
        }
        return new CheckpointMessage.Begin(header, pageCount, rangeCount, deviceStateBytes);
    }

    private static CheckpointMessage pages(Body body) {
        CheckpointMessage.Pages pages = new CheckpointMessage.Pages(body.rest());
        String fault = pages.fault();
        if (fault != null) {
            throw new IllegalArgumentException(fault);
        }
        return pages;
    }

    /** Appends the frame of a message. */
    public static void encode(CheckpointMessage message, ByteBuf out) {
        int start = out.writerIndex();
        out.writeZero(HEADER_BYTES);
        MessageType type = encodeBody(message, out);
        out.setInt(start, out.writerIndex() - start - HEADER_BYTES);
        out.setByte(start + 4, type.code);
    }

    /** Appends the header of a frame whose body the caller writes himself. */
    static void header(MessageType type, int bodyBytes, ByteBuf out) {
        out.writeInt(bodyBytes).writeByte(type.code).writeMedium(0);
    }

    private static MessageType encodeBody(CheckpointMessage message, ByteBuf out) {
        return switch (message) {
            case CheckpointMessage.Hello hello -> hello(hello, out);
            case CheckpointMessage.Welcome welcome -> welcome(welcome, out);
            case CheckpointMessage.Refused refused -> text(MessageType.REFUSED, refused.reason(), out);
            case CheckpointMessage.Start start -> {
                epoch(MessageType.START, start.first(), out);
                out.writeBoolean(start.full()).writeInt(start.intervalMs());
                yield MessageType.START;
            }
            case CheckpointMessage.Interval interval -> {
                out.writeInt(interval.intervalMs());
                yield MessageType.INTERVAL;
            }
            case CheckpointMessage.CheckpointNow now -> MessageType.CHECKPOINT_NOW;
            case CheckpointMessage.Retitle retitle -> epoch(MessageType.RETITLE, retitle.next(), out);
            case CheckpointMessage.Seal seal -> epoch(MessageType.SEAL, seal.epoch(), out);
            case CheckpointMessage.Sealed sealed -> epoch(MessageType.SEALED, sealed.epoch(), out);
            case CheckpointMessage.EpochPart part -> encodePart(part, out);
            case CheckpointMessage.Credit credit -> epoch(MessageType.CREDIT, credit.committed(), out);
            case CheckpointMessage.Stop stop -> MessageType.STOP;
            case CheckpointMessage.StopVm stopVm -> text(MessageType.STOP_VM, stopVm.reason(), out);
            case CheckpointMessage.VmStopped stopped -> MessageType.VM_STOPPED;
            case CheckpointMessage.Applied applied -> epoch(MessageType.APPLIED, applied.epoch(), out);
            case CheckpointMessage.Activate activate -> epoch(MessageType.ACTIVATE, activate.expected(), out);
            case CheckpointMessage.Activated activated -> epoch(MessageType.ACTIVATED, activated.epoch(), out);
            case CheckpointMessage.Release release -> MessageType.RELEASE;
            case CheckpointMessage.Failed failed -> {
                out.writeByte(failed.kind().code());
                epoch(MessageType.FAILED, failed.epoch(), out);
                yield text(MessageType.FAILED, failed.reason(), out);
            }
            case CheckpointMessage.Ping ping -> number(MessageType.PING, ping.nonce(), out);
            case CheckpointMessage.Pong pong -> number(MessageType.PONG, pong.nonce(), out);
            case CheckpointMessage.PauseVm pause -> MessageType.PAUSE_VM;
            case CheckpointMessage.VmPaused paused -> epoch(MessageType.VM_PAUSED, paused.last(), out);
            case CheckpointMessage.ResumeVm resume -> MessageType.RESUME_VM;
            case CheckpointMessage.Disks here -> {
                DiskBodies.disksHere(here, out);
                yield MessageType.DISKS;
            }
            case CheckpointMessage.FlushAtOnce atOnce -> MessageType.FLUSH_AT_ONCE;
            case CheckpointMessage.SyncDisks sync -> MessageType.SYNC_DISKS;
            case CheckpointMessage.DisksSynced synced -> MessageType.DISKS_SYNCED;
            case CheckpointMessage.OfDisks said -> {
                DiskTalk.write(said.talk(), out);
                yield MessageType.OF_DISKS;
            }
            case CheckpointMessage.CopyAt at -> {
                DiskBodies.copyAt(at, out);
                yield MessageType.COPY_AT;
            }
            case CheckpointMessage.Window window -> window(window, out);
            case CheckpointMessage.Term term -> number(MessageType.TERM, term.term(), out);
        };
    }

    private static MessageType window(CheckpointMessage.Window window, ByteBuf out) {
        out.writeInt(window.window()).writeLong(window.windowBytes()).writeBoolean(window.stalls());
        return MessageType.WINDOW;
    }

    private static MessageType hello(CheckpointMessage.Hello hello, ByteBuf out) {
        int version = hello.offer().version();
        int capabilities =
                hasCapabilities(version) ? Capability.bits(hello.offer().capabilities()) : 0;
        out.writeShort(version);
        out.writeShort(capabilities | (hello.running() ? FLAG_RUNNING : 0));
        out.writeLong(hello.ramBytes());
        epoch(MessageType.HELLO, hello.applied(), out);
        vm(hello.vm(), out);
        return text(MessageType.HELLO, hello.description(), out);
    }

    private static MessageType welcome(CheckpointMessage.Welcome welcome, ByteBuf out) {
        out.writeShort(welcome.dialect().version()).writeInt(welcome.window());
        out.writeLong(welcome.windowBytes()).writeBoolean(welcome.stalls());
        if (hasCapabilities(welcome.dialect().version())) {
            out.writeShort(Capability.bits(welcome.dialect().capabilities()));
        }
        return MessageType.WELCOME;
    }

    private static MessageType encodePart(CheckpointMessage.EpochPart part, ByteBuf out) {
        return switch (part) {
            case CheckpointMessage.Begin begin -> {
                EpochHeader header = begin.header();
                epoch(MessageType.BEGIN, header.epoch(), out);
                epoch(MessageType.BEGIN, header.base(), out);
                out.writeLong(header.ramBytes()).writeInt(begin.pageCount()).writeInt(begin.deviceStateBytes());
                vm(header.vm(), out);
                if (!header.disks().isEmpty()) {
                    DiskBodies.disks(header.disks(), out);
                    out.writeInt(begin.rangeCount());
                }
                yield MessageType.BEGIN;
            }
            case CheckpointMessage.DiskRanges batch -> {
                DiskBodies.ranges(batch, out);
                yield MessageType.DISK_RANGES;
            }
            case CheckpointMessage.Pages pages -> {
                out.writeBytes(
                        pages.body(), pages.body().readerIndex(), pages.body().readableBytes());
                yield MessageType.PAGES;
            }
            case CheckpointMessage.DeviceState state -> {
                out.writeBytes(
                        state.chunk(),
                        state.chunk().readerIndex(),
                        state.chunk().readableBytes());
                yield MessageType.DEVICE_STATE;
            }
            case CheckpointMessage.DeviceSame same -> {
                out.writeInt(same.from()).writeInt(same.bytes());
                yield MessageType.DEVICE_SAME;
            }
            case CheckpointMessage.End end -> {
                epoch(MessageType.END, end.epoch(), out);
                out.writeLong(end.checksum()).writeLong(end.pauseNanos());
                yield MessageType.END;
            }
        };
    }

    private static MessageType epoch(MessageType type, EpochId epoch, ByteBuf out) {
        out.writeLong(epoch.term()).writeLong(epoch.number());
        return type;
    }

    private static MessageType number(MessageType type, long number, ByteBuf out) {
        out.writeLong(number);
        return type;
    }

    private static void vm(VmId vm, ByteBuf out) {
        out.writeByte(vm.name().length());
        out.writeCharSequence(vm.name(), StandardCharsets.US_ASCII);
    }

    private static MessageType text(MessageType type, String text, ByteBuf out) {
        String cut = text;
        while (ByteBufUtil.utf8Bytes(cut) > Limits.TEXT_BYTES) {
            // A character is at most three bytes of a Java char, so this shortens at least as far as needed, in few
            // steps.
            int excess = ByteBufUtil.utf8Bytes(cut) - Limits.TEXT_BYTES;
            cut = cut.substring(0, cut.length() - (excess + 2) / 3);
        }
        out.writeShort(ByteBufUtil.utf8Bytes(cut));
        ByteBufUtil.writeUtf8(out, cut);
        return type;
    }

    /** The fields of a body, each checked against what is left of it. */
    record Body(ByteBuf in) {
        private ByteBuf need(int bytes) {
            if (in.readableBytes() < bytes) {
                throw new IllegalArgumentException("ends within a field of " + bytes + " bytes");
            }
            return in;
        }

        int u8() {
            return need(1).readUnsignedByte();
        }

        int u16() {
            return need(2).readUnsignedShort();
        }

        int u32() {
            return need(4).readInt();
        }

        long u64() {
            return need(8).readLong();
        }

        long positiveLong() {
            long value = u64();
            if (value <= 0) {
                throw new IllegalArgumentException(Long.toUnsignedString(value) + " is not positive");
            }
            return value;
        }

        long nonNegative() {
            long value = u64();
            if (value < 0) {
                throw new IllegalArgumentException(Long.toUnsignedString(value) + " is out of range");
            }
            return value;
        }

        int positive() {
            int value = u32();
            if (value < 1) {
                throw new IllegalArgumentException(Integer.toUnsignedString(value) + " is out of range");
            }
            return value;
        }

        boolean flag() {
            int value = u8();
            if (value > 1) {
                throw new IllegalArgumentException("flag " + value);
            }
            return value == 1;
        }

        EpochId epoch() {
            return new EpochId(u64(), u64());
        }

        VmId vm() {
            return new VmId(ascii());
        }

        String ascii() {
            int length = u8();
            return need(length)
                    .readCharSequence(length, StandardCharsets.US_ASCII)
                    .toString();
        }

        boolean hasMore() {
            return in.isReadable();
        }

        String text() {
            int length = u16();
            return PeerText.line(need(length)
                    .readCharSequence(length, StandardCharsets.UTF_8)
                    .toString());
        }

        ByteBuf rest() {
            return in.readSlice(in.readableBytes());
        }

        void end() {
            if (in.isReadable()) {
                throw new IllegalArgumentException(in.readableBytes() + " bytes too many");
            }
        }
    }
}
