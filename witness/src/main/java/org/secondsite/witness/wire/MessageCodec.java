package org.secondsite.witness.wire;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.secondsite.config.SiteId;
import org.secondsite.net.Decoded;
import org.secondsite.net.Refusal;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.StoreStanding;
import org.secondsite.witness.wire.FieldReader.Malformed;

/**
 * Reads and writes {@link Message}s. All numbers are big-endian; counts and lengths are unsigned.
 *
 * <pre>
 *   frame     +-----------------+--------+------------------+
 *             | length: 2       | type: 1| body: length - 1 |      1 &lt;= length &lt;= 4096
 *             +-----------------+--------+------------------+
 *
 *   name      +--------+-------------+       text   +-----------------+---------------+
 *             | n: 1   | ASCII: n    |              | n: 2            | UTF-8: n      |   n &lt;= 2048
 *             +--------+-------------+              +--------+--------+---------------+
 *                                            sites  | n: 1   | n names                |   1 &lt;= n &lt;= 2
 *   record    +---------+-----------+-----------+---+--------+----+-------------------+
 *             | term: 8 | before: 8 | group: name | owner: name   | inSync: sites     |
 *             +---------+-----------+-------------+---------------+-------------------+
 *
 *   to the witness                                       from the witness
 *   01 hello      "SSWT": 4, version: 1, site: name,     81 welcome    version: 1
 *                 client: 8                              82 echo
 *   02 heartbeat  site: name                             83 watched    record, asker: name, reason: text
 *   03 ask        id: 8, term: 8, group: name,           84 granted    id: 8, record
 *                 owner: name, sites, reason: text       85 refused    id: 8, record, reason: text
 *   04 force      id: 8, term: 8, group: name,           86 current    id: 8, record
 *                 owner: name, reason: text              87 not served id: 8, reason: text
 *   05 read       id: 8, group: name                     88 bye        reason: text
 *   06 status     id: 8                                  89 elsewhere  id: 8, leader: text
 *                                                        8a node       id: 8, node: text, role: 1, leader: text,
 *                                                                      election: 8, applied: 8
 *                                                        8b record     id: 8, record, asker: name, reason: text
 *                                                        8c heard      id: 8, site: name, agoMs: 8
 *                                                        8d metric     id: 8, name: text, value: 8 (IEEE 754 double)
 *   07 term       term: 8                           (v3) 8e end        id: 8
 *   08 recover    id: 8, above: 8, drawn: 4,        (v3) 8f notice     text                                         (v3)
 *                 group: name, owner: name,
 *                 reason: text
 *   09 seat       seat: 16                          (v4) 90 admitted                                                (v4)
 *                                                        91 displaced  reason: text                                 (v4)
 *   0a term of    group: name, term: 8              (v5)
 * </pre>
 *
 * <p><b>Versions.</b> A client's hello states the lowest version that it speaks, the witness's welcome the highest that the witness
 * speaks. Both then speak the lower of their highest ones: a client of version 4 states 3, one of version 5 states 4. So each of two
 * neighbouring versions talks with the other, whichever is at which end; they differ in the messages marked so only. A witness serves clients of
 * version 3, too, which state 2.
 */
public final class MessageCodec {
    /** The version of this layout. */
    public static final int VERSION = 5;

    /** The oldest version that a client speaks, too: what it states in its hello. */
    public static final int OLDEST_VERSION = 4;

    /** The oldest version that a witness serves. */
    public static final int OLDEST_SERVED = 3;

    /** What a client of that version states in its hello. */
    public static final int OLDEST_HELLO = 2;

    /** The largest length that a frame may state, in octets. */
    public static final int MAX_FRAME_OCTETS = 4096;

    /** The largest text, in octets; longer ones are cut when they are written. */
    static final int MAX_TEXT_OCTETS = 2048;

    private static final int LENGTH_OCTETS = 2;
    private static final int MAGIC = 0x53535754;

    private static final int HELLO = 0x01;
    private static final int HEARTBEAT = 0x02;
    private static final int ASK = 0x03;
    private static final int FORCE = 0x04;
    private static final int READ = 0x05;
    private static final int STATUS = 0x06;
    private static final int TERM = 0x07;
    private static final int RECOVER = 0x08;
    private static final int SEAT = 0x09;
    private static final int TERM_OF = 0x0a;
    private static final int WELCOME = 0x81;
    private static final int ECHO = 0x82;
    private static final int WATCHED = 0x83;
    private static final int GRANTED = 0x84;
    private static final int REFUSED = 0x85;
    private static final int CURRENT = 0x86;
    private static final int NOT_SERVED = 0x87;
    private static final int BYE = 0x88;
    private static final int ELSEWHERE = 0x89;
    private static final int STATUS_NODE = 0x8a;
    private static final int STATUS_RECORD = 0x8b;
    private static final int STATUS_HEARD = 0x8c;
    private static final int STATUS_METRIC = 0x8d;
    private static final int STATUS_END = 0x8e;
    private static final int NOTICE = 0x8f;
    private static final int ADMITTED = 0x90;
    private static final int DISPLACED = 0x91;
    private static final List<StoreStanding.Role> ROLES =
            List.of(StoreStanding.Role.LEADER, StoreStanding.Role.FOLLOWER, StoreStanding.Role.CANDIDATE);

    private MessageCodec() {}

    /**
     * Reads one message. Consumes exactly its frame, or nothing if it is not complete.
     *
     * @param in what has been received so far
     * @return the message; if the peer does not speak this protocol or is broken, why the connection must be closed
     */
    public static Decoded<Message, Refusal<WireFault>> decode(ByteBuf in) {
        int available = in.readableBytes();
        if (available < LENGTH_OCTETS) {
            return Decoded.needMore();
        }
        int length = in.getUnsignedShort(in.readerIndex());
        if (length == 0) {
            return new Decoded.Refused<>(new Refusal<>(WireFault.EMPTY_FRAME, "a frame without a type"));
        }
        if (length > MAX_FRAME_OCTETS) {
            return new Decoded.Refused<>(new Refusal<>(
                    WireFault.FRAME_TOO_LONG, "a frame of " + length + " octets, at most " + MAX_FRAME_OCTETS));
        }
        if (available - LENGTH_OCTETS < length) {
            return Decoded.needMore();
        }
        in.skipBytes(LENGTH_OCTETS);
        FieldReader fields = new FieldReader(in.readSlice(length));
        try {
            Message message = message(fields.u8(), fields);
            fields.end();
            return new Decoded.Complete<>(message);
        } catch (Malformed malformed) {
            return new Decoded.Refused<>(malformed.refusal());
        }
    }

    private static Message message(int type, FieldReader in) throws Malformed {
        return switch (type) {
            case HELLO -> hello(in);
            case HEARTBEAT -> new Message.Heartbeat(in.site());
            case ASK -> ask(in);
            case FORCE -> new Message.Force(in.u64(), in.u64(), in.group(), in.site(), in.text());
            case READ -> new Message.Read(in.u64(), in.group());
            case WELCOME -> new Message.Welcome(in.u8());
            case ECHO -> new Message.Echo();
            case STATUS -> new Message.Status(in.u64());
            case TERM -> new Message.Term(in.u64());
            case TERM_OF -> new Message.TermOf(in.group(), in.u64());
            case RECOVER -> new Message.Recover(in.u64(), in.u64(), in.u32(), in.group(), in.site(), in.text());
            case SEAT -> new Message.Seat(new SeatId(in.u64(), in.u64()));
            case NOTICE -> new Message.Notice(in.text());
            case ADMITTED -> new Message.Admitted();
            case DISPLACED -> new Message.Displaced(in.text());
            case WATCHED -> new Message.Watched(in.record(), in.site(), in.text());
            case GRANTED -> new Message.Granted(in.u64(), in.record());
            case REFUSED -> new Message.Refused(in.u64(), in.record(), in.text());
            case CURRENT -> new Message.Current(in.u64(), in.record());
            case NOT_SERVED -> new Message.NotServed(in.u64(), in.text());
            case BYE -> new Message.Bye(in.text());
            case ELSEWHERE -> new Message.Elsewhere(in.u64(), in.text());
            case STATUS_NODE -> new Message.StatusNode(in.u64(), standing(in));
            case STATUS_RECORD ->
                new Message.StatusRecord(in.u64(), new NodeStatus.Made(in.record(), in.site(), in.text()));
            case STATUS_HEARD -> new Message.StatusHeard(in.u64(), in.site(), in.u64());
            case STATUS_METRIC -> new Message.StatusMetric(in.u64(), in.text(), Double.longBitsToDouble(in.u64()));
            case STATUS_END -> new Message.StatusEnd(in.u64());
            default -> throw new Malformed(WireFault.UNKNOWN_TYPE, "unknown message type " + type);
        };
    }

    private static Message hello(FieldReader in) throws Malformed {
        if (in.u32() != MAGIC) {
            throw new Malformed(WireFault.BAD_MAGIC, "the first message is no hello of a witness's client");
        }
        int version = in.u8();
        SiteId site = in.site();
        // Other versions go on otherwise; they are told so.
        long client = version >= OLDEST_HELLO && version <= VERSION ? in.u64() : in.rest();
        return new Message.Hello(version, site, client);
    }

    private static StoreStanding standing(FieldReader in) throws Malformed {
        String node = in.text();
        int role = in.u8();
        if (role >= ROLES.size()) {
            throw new Malformed(WireFault.BAD_RECORD, "an unknown role " + role);
        }
        return new StoreStanding(node, ROLES.get(role), in.text(), in.u64(), in.u64());
    }

    private static Message ask(FieldReader in) throws Malformed {
        return new Message.Ask(in.u64(), in.u64(), in.group(), in.site(), in.sites(), in.text());
    }

    /** Appends the frame of {@code message} to {@code out}. */
    public static void encode(Message message, ByteBuf out) {
        int start = out.writerIndex();
        out.writeShort(0);
        FieldWriter fields = new FieldWriter(out);
        switch (message) {
            case Message.ToWitness m -> write(m, fields);
            case Message.FromWitness m -> write(m, fields);
        }
        int length = out.writerIndex() - start - LENGTH_OCTETS;
        if (length > MAX_FRAME_OCTETS) {
            throw new AssertionError("a frame of " + length + " octets: the fields' bounds do not add up");
        }
        out.setShort(start, length);
    }

    private static void write(Message.ToWitness message, FieldWriter out) {
        switch (message) {
            case Message.Hello m ->
                out.u8(HELLO).u32(MAGIC).u8(m.version()).name(m.site().name()).u64(m.client());
            case Message.Status m -> out.u8(STATUS).u64(m.requestId());
            case Message.Term m -> out.u8(TERM).u64(m.term());
            case Message.TermOf m -> out.u8(TERM_OF).name(m.group().name()).u64(m.term());
            case Message.Seat m ->
                out.u8(SEAT).u64(m.seat().high()).u64(m.seat().low());
            case Message.Recover m ->
                out.u8(RECOVER)
                        .u64(m.requestId())
                        .u64(m.above())
                        .u32(m.drawn())
                        .name(m.group().name())
                        .name(m.owner().name())
                        .text(m.reason());
            case Message.Heartbeat m -> out.u8(HEARTBEAT).name(m.site().name());
            case Message.Ask m ->
                out.u8(ASK)
                        .u64(m.requestId())
                        .u64(m.expectedTerm())
                        .name(m.group().name())
                        .name(m.owner().name())
                        .sites(m.inSync())
                        .text(m.reason());
            case Message.Force m ->
                out.u8(FORCE)
                        .u64(m.requestId())
                        .u64(m.expectedTerm())
                        .name(m.group().name())
                        .name(m.owner().name())
                        .text(m.reason());
            case Message.Read m ->
                out.u8(READ).u64(m.requestId()).name(m.group().name());
        }
    }

    private static void write(Message.FromWitness message, FieldWriter out) {
        switch (message) {
            case Message.Welcome m -> out.u8(WELCOME).u8(m.version());
            case Message.Echo m -> out.u8(ECHO);
            case Message.Notice m -> out.u8(NOTICE).text(m.text());
            case Message.Admitted m -> out.u8(ADMITTED);
            case Message.Displaced m -> out.u8(DISPLACED).text(m.reason());
            case Message.Watched m ->
                out.u8(WATCHED).record(m.record()).name(m.asker().name()).text(m.reason());
            case Message.Granted m -> out.u8(GRANTED).u64(m.requestId()).record(m.record());
            case Message.Refused m ->
                out.u8(REFUSED).u64(m.requestId()).record(m.current()).text(m.reason());
            case Message.Current m -> out.u8(CURRENT).u64(m.requestId()).record(m.record());
            case Message.NotServed m -> out.u8(NOT_SERVED).u64(m.requestId()).text(m.reason());
            case Message.Bye m -> out.u8(BYE).text(m.reason());
            case Message.Elsewhere m -> out.u8(ELSEWHERE).u64(m.requestId()).text(m.leader());
            case Message.StatusNode m ->
                out.u8(STATUS_NODE)
                        .u64(m.requestId())
                        .text(m.standing().node())
                        .u8(ROLES.indexOf(m.standing().role()))
                        .text(m.standing().leader())
                        .u64(m.standing().election())
                        .u64(m.standing().applied());
            case Message.StatusRecord m ->
                out.u8(STATUS_RECORD)
                        .u64(m.requestId())
                        .record(m.made().record())
                        .name(m.made().asker().name())
                        .text(m.made().reason());
            case Message.StatusHeard m ->
                out.u8(STATUS_HEARD).u64(m.requestId()).name(m.site().name()).u64(m.agoMs());
            case Message.StatusMetric m ->
                out.u8(STATUS_METRIC).u64(m.requestId()).text(m.name()).u64(Double.doubleToLongBits(m.value()));
            case Message.StatusEnd m -> out.u8(STATUS_END).u64(m.requestId());
        }
    }
}
