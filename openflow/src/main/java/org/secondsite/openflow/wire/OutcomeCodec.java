package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.pipeline.Field;
import org.secondsite.openflow.pipeline.Flow.Outcome;

/**
 * Between what becomes of a frame and the instructions of a flow: a tag that is put on, outputs, and outputs behind the tag that is taken
 * off; or another table. Any other order is none of the pipeline's.
 *
 * <pre>
 *   0        2         4        5           8
 *  ┌────────┬─────────┬────────┬───────────┐
 *  │ type 1 │ 8       │ table  │ -         │                     goto table
 *  ├────────┼─────────┼────────┴───────────┼────────────┄
 *  │ type 4 │ length  │ -                  │ actions    ┄        apply actions
 *  └────────┴─────────┴────────────────────┴────────────┄
 *  ┌────────┬─────────┬────────────────────┬──────────┬───────┐
 *  │ type 0 │ 16      │ port               │ max. 0   │ -     │  output
 *  ├────────┼─────────┼──────────┬─────────┼──────────┴───────┘
 *  │ type 17│ 8       │ 0x8100   │ -       │                     put a tag on
 *  ├────────┼─────────┼──────────┴─────────┤
 *  │ type 18│ 8       │ -                  │                     take it off
 *  ├────────┼─────────┼────────────────────┼──────────┬───────┐
 *  │ type 25│ 16      │ 0x8000 0c 02       │ VLAN     │ -     │  set its VLAN
 *  └────────┴─────────┴────────────────────┴──────────┴───────┘  OpenFlow 1.4.1 §7.2.4, §7.2.5
 * </pre>
 */
final class OutcomeCodec {
    private static final int HEADER_BYTES = 8;
    private static final int LENGTH_AT = 2;
    private static final int BODY_AT = 4;
    private static final int GOTO_TABLE = 1;
    private static final int APPLY_ACTIONS = 4;

    private static final int OUTPUT = 0;
    private static final int PUSH_VLAN = 17;
    private static final int POP_VLAN = 18;
    private static final int SET_FIELD = 25;
    private static final int LONG_ACTION_BYTES = 16;
    private static final int SHORT_ACTION_BYTES = 8;

    /** IEEE 802.1Q. */
    private static final int TAG_TYPE = 0x8100;

    /** The header of the field: class, number and length. */
    private static final int VLAN_FIELD = 0x8000 << 16 | Field.VLAN_VID.number() << 9 | 2;

    private OutcomeCodec() {}

    /** Writes the instructions. */
    static void write(Outcome outcome, ByteBuf out) {
        switch (outcome) {
            case Outcome.Drop() -> {}
            case Outcome.Continue(int table, int tag) -> {
                if (tag != 0) {
                    int start = beginActions(out);
                    push(tag, out);
                    endActions(start, out);
                }
                out.writeShort(GOTO_TABLE).writeShort(HEADER_BYTES);
                out.writeByte(table).writeZero(3);
            }
            case Outcome.Output(int tag, List<Integer> ports, List<Integer> untaggedPorts) -> {
                int start = beginActions(out);
                if (tag != 0) {
                    push(tag, out);
                }
                ports.forEach(port -> output(port, out));
                if (!untaggedPorts.isEmpty()) {
                    out.writeShort(POP_VLAN).writeShort(SHORT_ACTION_BYTES).writeInt(0);
                    untaggedPorts.forEach(port -> output(port, out));
                }
                endActions(start, out);
            }
        }
    }

    /**
     * Reads the instructions between two places.
     *
     * @return empty: the pipeline never writes such
     */
    static Optional<Outcome> read(ByteBuf in, int from, int to) {
        if (from == to) {
            return Optional.of(new Outcome.Drop());
        }
        int length = length(in, from, to);
        if (length < HEADER_BYTES) {
            return Optional.empty();
        }
        int type = in.getUnsignedShort(from);
        if (type == GOTO_TABLE) {
            return onward(in, from, to, 0);
        }
        if (type != APPLY_ACTIONS) {
            return Optional.empty();
        }
        int end = from + length;
        int tag = tag(in, from + HEADER_BYTES, end);
        if (end == to) {
            return actions(in, from + HEADER_BYTES, end, tag);
        }
        boolean isTagAlone = tag != 0 && length == HEADER_BYTES + SHORT_ACTION_BYTES + LONG_ACTION_BYTES;
        return isTagAlone ? onward(in, end, to, tag) : Optional.empty();
    }

    private static Optional<Outcome> onward(ByteBuf in, int from, int to, int tag) {
        return to - from == HEADER_BYTES
                        && in.getUnsignedShort(from) == GOTO_TABLE
                        && in.getUnsignedShort(from + LENGTH_AT) == HEADER_BYTES
                ? Optional.of(new Outcome.Continue(in.getUnsignedByte(from + BODY_AT), tag))
                : Optional.empty();
    }

    private static Optional<Outcome> actions(ByteBuf in, int from, int to, int tag) {
        List<Integer> ports = new ArrayList<>(1);
        List<Integer> untaggedPorts = new ArrayList<>(1);
        boolean isPopped = false;
        int at = tag == 0 ? from : from + SHORT_ACTION_BYTES + LONG_ACTION_BYTES;
        while (at < to) {
            int length = length(in, at, to);
            int type = length < SHORT_ACTION_BYTES ? -1 : in.getUnsignedShort(at);
            if (type == OUTPUT && length == LONG_ACTION_BYTES) {
                (isPopped ? untaggedPorts : ports).add(in.getInt(at + BODY_AT));
            } else if (type == POP_VLAN && length == SHORT_ACTION_BYTES && !isPopped) {
                isPopped = true;
            } else {
                return Optional.empty();
            }
            at += length;
        }
        if (ports.isEmpty() && untaggedPorts.isEmpty()) {
            return isPopped || tag != 0 ? Optional.empty() : Optional.of(new Outcome.Drop());
        }
        return isPopped && untaggedPorts.isEmpty()
                ? Optional.empty()
                : Optional.of(new Outcome.Output(tag, ports, untaggedPorts));
    }

    /** The VLAN whose tag the first two actions put on; 0: they do not. */
    private static int tag(ByteBuf in, int from, int to) {
        int set = from + SHORT_ACTION_BYTES;
        if (to - set < LONG_ACTION_BYTES
                || in.getUnsignedShort(from) != PUSH_VLAN
                || in.getUnsignedShort(from + LENGTH_AT) != SHORT_ACTION_BYTES
                || in.getUnsignedShort(from + BODY_AT) != TAG_TYPE
                || in.getUnsignedShort(set) != SET_FIELD
                || in.getUnsignedShort(set + LENGTH_AT) != LONG_ACTION_BYTES
                || in.getInt(set + BODY_AT) != VLAN_FIELD) {
            return 0;
        }
        int raw = in.getUnsignedShort(set + HEADER_BYTES);
        int vlan = raw & 0xfff;
        return vlan != 0 && Vlan.match(vlan) == raw ? vlan : 0;
    }

    /** Of the element that begins here; 0: it does not fit. */
    private static int length(ByteBuf in, int at, int to) {
        int length = to - at < BODY_AT ? 0 : in.getUnsignedShort(at + LENGTH_AT);
        return length <= to - at ? length : 0;
    }

    private static int beginActions(ByteBuf out) {
        int start = out.writerIndex();
        out.writeShort(APPLY_ACTIONS).writeShort(0).writeInt(0);
        return start;
    }

    private static void endActions(int start, ByteBuf out) {
        out.setShort(start + LENGTH_AT, out.writerIndex() - start);
    }

    private static void push(int tag, ByteBuf out) {
        out.writeShort(PUSH_VLAN).writeShort(SHORT_ACTION_BYTES);
        out.writeShort(TAG_TYPE).writeShort(0);
        out.writeShort(SET_FIELD).writeShort(LONG_ACTION_BYTES).writeInt(VLAN_FIELD);
        out.writeShort(Vlan.match(tag)).writeZero(6);
    }

    private static void output(int port, ByteBuf out) {
        out.writeShort(OUTPUT).writeShort(LONG_ACTION_BYTES).writeInt(port);
        out.writeShort(0).writeZero(6);
    }
}
