package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.SiteId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.codec.CodecSettings;

/**
 * The first frame in each direction. {@link FirstFrame} says which bytes of it no version may change.
 *
 * <pre>
 * | "SSGT" u32 | lowest version u16 | highest version u16 | incarnation u64 | beacon key, 32 bytes |
 * | version bytes u64 | window u8 | uncommitted bytes u64 | unfinished bytes u64 |
 * | session u64 | connection u8 |
 * | length u8, name of the own site | length u8, name of the site that the peer is taken for |
 * | if the highest version is 4 or more: capabilities u64 |
 * </pre>
 *
 * @param lowestVersion the lowest version that the sender speaks
 * @param dialect the highest one, and what the sender can beyond that
 * @param incarnation drawn at random when the sender's tunnel was opened: another value means that it remembers nothing of
 *     what it sent and received before
 * @param beaconKey the key under which the sender authenticates its datagrams; TLS keeps it secret
 * @param versionBytes the memory per VM that the sender has for versions of pages that it receives
 * @param windowLog the power of two of the bytes of zstd's history that it has per VM
 * @param uncommittedBytes the epochs of one VM, in plain form, that the sender takes and has not answered; a single one may be
 *     larger
 * @param unfinishedBytes what all unfinished epochs together may hold at the sender, in plain form
 * @param session drawn at random by the end that connects, for each first connection anew; the answering end says 0
 * @param connection 0 for the first connection of a session, else the number of a further one, below {@link #MAX_CONNECTIONS}
 * @param self the sender's site
 * @param peer the site that it wants to talk to
 */
public record Hello(
        int lowestVersion,
        Dialect dialect,
        long incarnation,
        BeaconKey beaconKey,
        long versionBytes,
        int windowLog,
        long uncommittedBytes,
        long unfinishedBytes,
        long session,
        int connection,
        String self,
        String peer) {
    /** The most connections of a session. */
    public static final int MAX_CONNECTIONS = 8;

    /** The highest version that this code speaks. */
    public static final int VERSION = 4;

    /** The one before, spoken with a peer that does not know the other: an upgrade takes one site after the other. */
    public static final int LOWEST_VERSION = 3;

    /** The first version in which each end says what it can beyond its version. */
    private static final int CAPABILITIES_VERSION = 4;

    static final int MAGIC = 0x53534754;

    private static final int FIXED_BYTES = 4 + 2 + 2 + 8 + BeaconKey.BYTES + 8 + 1 + 8 + 8 + 8 + 1;

    /** What is said by this version of the code. */
    public static Hello of(TunnelSettings settings, long incarnation, BeaconKey beaconKey) {
        return new Hello(
                LOWEST_VERSION,
                new Dialect(VERSION, settings.capabilities()),
                incarnation,
                beaconKey,
                settings.limits().codec().versionBytes(),
                settings.limits().codec().windowLog(),
                settings.limits().maxInFlightBytes(),
                settings.limits().maxEpochBytes(),
                0,
                0,
                settings.self().name(),
                settings.peer().name());
    }

    /** The same for one connection of a session. */
    public Hello on(long chosenSession, int number) {
        return new Hello(
                lowestVersion,
                dialect,
                incarnation,
                beaconKey,
                versionBytes,
                windowLog,
                uncommittedBytes,
                unfinishedBytes,
                chosenSession,
                number,
                self,
                peer);
    }

    /** The same with other bounds on what the sender takes. */
    public Hello bounded(TunnelSettings.Limits limits) {
        return new Hello(
                lowestVersion,
                dialect,
                incarnation,
                beaconKey,
                limits.codec().versionBytes(),
                limits.codec().windowLog(),
                limits.maxInFlightBytes(),
                limits.maxEpochBytes(),
                session,
                connection,
                self,
                peer);
    }

    /** The payload. */
    public ByteBuf encode(ByteBufAllocator allocator) {
        ByteBuf out = allocator.directBuffer();
        out.writeInt(MAGIC)
                .writeShort(lowestVersion)
                .writeShort(dialect.version())
                .writeLong(incarnation);
        beaconKey.write(out);
        out.writeLong(versionBytes)
                .writeByte(windowLog)
                .writeLong(uncommittedBytes)
                .writeLong(unfinishedBytes);
        out.writeLong(session).writeByte(connection);
        writeName(out, self);
        writeName(out, peer);
        if (dialect.version() >= CAPABILITIES_VERSION) {
            out.writeLong(Capability.bits(dialect.capabilities()));
        }
        return out;
    }

    /**
     * Reads a payload. What a later version appends is passed over.
     *
     * @return empty if it is no hello
     */
    public static Optional<Hello> decode(ByteBuf in) {
        if (in.readableBytes() < FIXED_BYTES || in.readInt() != MAGIC) {
            return Optional.empty();
        }
        int lowest = in.readUnsignedShort();
        int highest = in.readUnsignedShort();
        long incarnation = in.readLong();
        BeaconKey key = BeaconKey.read(in);
        long versionBytes = in.readLong();
        int windowLog = in.readUnsignedByte();
        long uncommittedBytes = in.readLong();
        long unfinishedBytes = in.readLong();
        long session = in.readLong();
        int connection = in.readUnsignedByte();
        String self = readName(in);
        String peer = readName(in);
        boolean able = highest >= CAPABILITIES_VERSION;
        boolean possible = self != null
                && peer != null
                && (!able || in.readableBytes() >= Long.BYTES)
                && lowest <= highest
                && versionBytes >= 0
                && windowLog >= 10
                && uncommittedBytes > 0
                && unfinishedBytes > 0
                && connection < MAX_CONNECTIONS;
        return possible
                ? Optional.of(new Hello(
                        lowest,
                        new Dialect(highest, able ? Capability.of(in.readLong()) : Set.of()),
                        incarnation,
                        key,
                        versionBytes,
                        windowLog,
                        uncommittedBytes,
                        unfinishedBytes,
                        session,
                        connection,
                        self,
                        peer))
                : Optional.empty();
    }

    /**
     * Whether this end, which sent this hello, can talk to the other.
     *
     * @return the reason why not, or empty
     */
    public Optional<Reset> objection(Hello other) {
        if (!other.self.equals(peer) || !other.peer.equals(self)) {
            return Optional.of(new Reset(
                    ResetCode.IDENTITY,
                    "this is site " + self + " for peer " + peer + ", the other is site " + other.self + " for peer "
                            + other.peer));
        }
        return versionObjection(other.lowestVersion, other.dialect.version());
    }

    /** What both ends speak, if neither objects. */
    public Dialect with(Hello other) {
        return dialect.with(other.dialect);
    }

    /** Whether this end, which sent this hello, speaks none of those versions of the protocol. */
    Optional<Reset> versionObjection(int lowest, int highest) {
        if (lowest <= dialect.version() && highest >= lowestVersion) {
            return Optional.empty();
        }
        return Optional.of(new Reset(
                ResetCode.VERSION,
                "this end speaks protocol " + versions(lowestVersion, dialect.version()) + ", the other "
                        + versions(lowest, highest)));
    }

    private static String versions(int lowest, int highest) {
        return lowest == highest ? "version " + lowest : "versions " + lowest + " to " + highest;
    }

    /** How epochs for the sender of this hello are coded, if this end would like to do it so. */
    public CodecSettings codecFor(CodecSettings wish) {
        return new CodecSettings(
                wish.level(), Math.min(wish.windowLog(), windowLog), Math.min(wish.versionBytes(), versionBytes));
    }

    private static void writeName(ByteBuf out, String name) {
        byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
        out.writeByte(ascii.length).writeBytes(ascii);
    }

    /** Null for what is no site's name: it will stand in logs. */
    private static String readName(ByteBuf in) {
        int length = in.isReadable() ? in.readUnsignedByte() : 0;
        if (length > in.readableBytes()) {
            return null;
        }
        String name = in.readCharSequence(length, StandardCharsets.US_ASCII).toString();
        return SiteId.isName(name) ? name : null;
    }
}
