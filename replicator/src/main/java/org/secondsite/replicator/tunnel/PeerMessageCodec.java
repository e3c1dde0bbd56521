package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.DiskTalk;

/**
 * The payload of a MESSAGE frame. Texts are u16 length and UTF-8; numbers are u64 unless marked.
 *
 * <pre>
 * 1 u8  record news    group, term, previous term, owner, count u8, sites in sync
 * 2 u8  standby state  group, ready u8, image generation, burned term, reason
 * 3 u8  VMs active     group, term
 * 4 u8  of disks       group, VM, then {@link DiskTalk} up to the end
 * 5 u8  members        group, term, generation, count u16, VMs that are, count u16, VMs that join, term of the takeover, count u16, VMs
 *                      that it has activated
 * 6 u8  members taken  group, generation seen, generation taken, count u16, VMs with what each lacks
 * 7 u8  owner lacks    group, count u16, VMs with what each lacks
 * 8 u8  view digest    digest
 * 9 u8  view asked     digest
 * 10 u8 view part      digest, part u16, parts u16, count u16, names with their values
 * 11 u8 ticks made     group, count u16, VMs ticked, count u16, VMs unticked
 * </pre>
 */
final class PeerMessageCodec {
    private static final int RECORD_NEWS = 1;
    private static final int STANDBY_STATE = 2;
    private static final int VMS_ACTIVE = 3;
    private static final int OF_DISKS = 4;
    private static final int MEMBERS = 5;
    private static final int MEMBERS_TAKEN = 6;
    private static final int OWNER_LACKS = 7;
    private static final int VIEW_DIGEST = 8;
    private static final int VIEW_ASKED = 9;
    private static final int VIEW_PART = 10;
    private static final int TICKS_MADE = 11;

    /** A reason is for people: what is longer is cut, so that every message fits in a frame. */
    private static final int MAX_REASON_CHARS = 512;

    /** What one VM of a few lacks, and one of many. */
    private static final int MAX_LACK_BYTES = 300;

    private static final int MAX_LACK_OF_MANY_BYTES = 60;
    private static final int FEW_LACKS = 100;

    private PeerMessageCodec() {}

    static ByteBuf encode(PeerMessage message) {
        ByteBuf out = Unpooled.buffer();
        switch (message) {
            case PeerMessage.RecordNews(OwnershipRecord ownership) -> {
                out.writeByte(RECORD_NEWS);
                writeText(out, ownership.group().name());
                out.writeLong(ownership.term()).writeLong(ownership.previousTerm());
                writeText(out, ownership.owner().name());
                List<SiteId> sites = new ArrayList<>(ownership.inSync());
                out.writeByte(sites.size());
                sites.forEach(site -> writeText(out, site.name()));
            }
            case PeerMessage.StandbyState state -> {
                out.writeByte(STANDBY_STATE);
                writeText(out, state.group().name());
                out.writeBoolean(state.ready());
                out.writeLong(state.imageGeneration());
                out.writeLong(state.burnedTerm());
                writeText(out, cut(state.reason()));
            }
            case PeerMessage.VmsActive active -> {
                out.writeByte(VMS_ACTIVE);
                writeText(out, active.group().name());
                out.writeLong(active.term());
            }
            case PeerMessage.OfDisks said -> {
                out.writeByte(OF_DISKS);
                writeText(out, said.group().name());
                writeText(out, said.vm().name());
                DiskTalk.write(said.talk(), out);
            }
            case PeerMessage.Members said -> {
                out.writeByte(MEMBERS);
                writeText(out, said.group().name());
                out.writeLong(said.term()).writeLong(said.generation());
                writeVms(out, said.members());
                writeVms(out, said.joining());
                out.writeLong(said.takeover().term());
                writeVms(out, said.takeover().activated());
            }
            case PeerMessage.MembersTaken said -> {
                out.writeByte(MEMBERS_TAKEN);
                writeText(out, said.group().name());
                out.writeLong(said.seen()).writeLong(said.taken());
                writeLacks(out, said.lacks());
            }
            case PeerMessage.OwnerLacks said -> {
                out.writeByte(OWNER_LACKS);
                writeText(out, said.group().name());
                writeLacks(out, said.lacks());
            }
            case PeerMessage.TicksMade said -> {
                writeText(out.writeByte(TICKS_MADE), said.group().name());
                writeVms(out, said.ticked());
                writeVms(out, said.unticked());
            }
            case PeerMessage.OfViews said -> encodeOfViews(said, out);
        }
        return out;
    }

    private static void encodeOfViews(PeerMessage.OfViews message, ByteBuf out) {
        switch (message) {
            case PeerMessage.ViewDigest(String digest) -> writeText(out.writeByte(VIEW_DIGEST), digest);
            case PeerMessage.ViewAsked(String digest) -> writeText(out.writeByte(VIEW_ASKED), digest);
            case PeerMessage.ViewPart said -> {
                writeText(out.writeByte(VIEW_PART), said.digest());
                out.writeShort(said.part()).writeShort(said.parts());
                out.writeShort(said.entries().size());
                said.entries().forEach(entry -> {
                    writeText(out, entry.name());
                    writeText(out, entry.value());
                });
            }
        }
    }

    /** Empty if the payload is no message that this version knows. */
    static Optional<PeerMessage> decode(ByteBuf in) {
        try {
            PeerMessage message =
                    switch (in.readUnsignedByte()) {
                        case RECORD_NEWS -> readRecordNews(in);
                        case STANDBY_STATE ->
                            new PeerMessage.StandbyState(
                                    new GroupId(readText(in)),
                                    in.readBoolean(),
                                    in.readLong(),
                                    in.readLong(),
                                    readText(in));
                        case VMS_ACTIVE -> new PeerMessage.VmsActive(new GroupId(readText(in)), in.readLong());
                        case OF_DISKS ->
                            new PeerMessage.OfDisks(
                                    new GroupId(readText(in)), new VmId(readText(in)), DiskTalk.read(in));
                        case MEMBERS ->
                            new PeerMessage.Members(
                                    new GroupId(readText(in)),
                                    in.readLong(),
                                    in.readLong(),
                                    readVms(in),
                                    readVms(in),
                                    new PeerMessage.Takeover(in.readLong(), readVms(in)));
                        case MEMBERS_TAKEN ->
                            new PeerMessage.MembersTaken(
                                    new GroupId(readText(in)), in.readLong(), in.readLong(), readLacks(in));
                        case OWNER_LACKS -> new PeerMessage.OwnerLacks(new GroupId(readText(in)), readLacks(in));
                        case TICKS_MADE ->
                            new PeerMessage.TicksMade(new GroupId(readText(in)), readVms(in), readVms(in));
                        case VIEW_DIGEST -> new PeerMessage.ViewDigest(readText(in));
                        case VIEW_ASKED -> new PeerMessage.ViewAsked(readText(in));
                        case VIEW_PART ->
                            new PeerMessage.ViewPart(
                                    readText(in), in.readUnsignedShort(), in.readUnsignedShort(), readEntries(in));
                        default -> null;
                    };
            return message == null || in.isReadable() ? Optional.empty() : Optional.of(message);
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            // A name, a term or a length that cannot be: the value types and the buffer check each of them.
            return Optional.empty();
        }
    }

    private static PeerMessage readRecordNews(ByteBuf in) {
        GroupId group = new GroupId(readText(in));
        long term = in.readLong();
        long previousTerm = in.readLong();
        SiteId owner = new SiteId(readText(in));
        int count = in.readUnsignedByte();
        Set<SiteId> inSync = new HashSet<>();
        for (int i = 0; i < count; i++) {
            inSync.add(new SiteId(readText(in)));
        }
        return new PeerMessage.RecordNews(new OwnershipRecord(group, term, previousTerm, owner, inSync));
    }

    private static List<VmId> readVms(ByteBuf in) {
        int count = count(in);
        List<VmId> vms = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            vms.add(new VmId(readText(in)));
        }
        return vms;
    }

    private static List<PeerMessage.Lack> readLacks(ByteBuf in) {
        int count = count(in);
        List<PeerMessage.Lack> lacks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lacks.add(new PeerMessage.Lack(new VmId(readText(in)), printable(readText(in))));
        }
        return lacks;
    }

    private static void writeLacks(ByteBuf out, List<PeerMessage.Lack> lacks) {
        int count = Math.min(lacks.size(), PeerMessage.Members.MAX_VMS);
        int longest = count <= FEW_LACKS ? MAX_LACK_BYTES : MAX_LACK_OF_MANY_BYTES;
        out.writeShort(count);
        lacks.subList(0, count).forEach(lack -> {
            writeText(out, lack.vm().name());
            writeText(out, shortened(lack.words(), longest));
        });
    }

    private static List<PeerMessage.ViewPart.Entry> readEntries(ByteBuf in) {
        int count = in.readUnsignedShort();
        List<PeerMessage.ViewPart.Entry> entries = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            entries.add(new PeerMessage.ViewPart.Entry(printable(readText(in)), printable(readText(in))));
        }
        return entries;
    }

    private static int count(ByteBuf in) {
        int count = in.readUnsignedShort();
        if (count > PeerMessage.Members.MAX_VMS) {
            throw new IllegalArgumentException(count + " VMs");
        }
        return count;
    }

    private static void writeVms(ByteBuf out, List<VmId> vms) {
        out.writeShort(vms.size());
        vms.forEach(vm -> writeText(out, vm.name()));
    }

    /** So short that it takes a line of a terminal, and that the message fits in a frame. */
    private static String shortened(String words, int longest) {
        StringBuilder ascii = new StringBuilder(printable(words));
        ascii.setLength(Math.min(ascii.length(), longest));
        return ascii.toString();
    }

    /** It will stand in logs and on terminals. */
    private static String printable(String text) {
        return text.replaceAll("[^ -~]", " ");
    }

    static String cut(String reason) {
        return reason.length() <= MAX_REASON_CHARS ? reason : reason.substring(0, MAX_REASON_CHARS);
    }

    private static void writeText(ByteBuf out, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.writeShort(utf8.length).writeBytes(utf8);
    }

    private static String readText(ByteBuf in) {
        return in.readCharSequence(in.readUnsignedShort(), StandardCharsets.UTF_8)
                .toString();
    }
}
