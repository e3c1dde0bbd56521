package org.secondsite.witness.wire;

import io.netty.buffer.ByteBuf;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.wire.FieldReader.Malformed;

/**
 * What stands in the log that several nodes keep in common: requests, in the order in which every node decides them. And the
 * outcome that the deciding node hands back to whoever asked. Fields as in {@link MessageCodec}.
 *
 * <pre>
 *   command   version: 1, client: 8, number: 8, type: 1, then
 *             01 enroll   group: name, siteA: name, siteB: name, initialOwner: name
 *             02 change   term: 8, group: name, asker: name, owner: name, sites, reason: text
 *             03 force    term: 8, group: name, asker: name, owner: name, reason: text
 *             04 recover  above: 8, drawn: 4, group: name, siteA: name, siteB: name, initialOwner: name, asker: name, owner: name,
 *                         reason: text
 *
 *   outcome   01 granted  record
 *             02 refused  record, reason: text
 *             03 invalid  reason: text
 * </pre>
 */
public final class CommandCodec {
    private static final int VERSION = 1;
    private static final int ENROLL = 1;
    private static final int CHANGE = 2;
    private static final int FORCE = 3;
    private static final int RECOVER = 4;
    private static final int GRANTED = 1;
    private static final int REFUSED = 2;
    private static final int INVALID = 3;

    /** A request and its name. */
    public record Command(Request request, RequestId id) {}

    /** What became of a command. */
    public sealed interface Outcome {
        /** It was decided. */
        record Decided(Answer answer) implements Outcome {}

        /** It makes no sense here, and nothing was changed. */
        record Invalid(String reason) implements Outcome {}
    }

    /** Bytes that are none of this codec: another version wrote them, or they are damaged. */
    public static final class IllegibleException extends Exception {
        private static final long serialVersionUID = 1L;

        IllegibleException(String reason) {
            super(reason);
        }
    }

    private CommandCodec() {}

    /** Appends a command. */
    public static void encode(Command command, ByteBuf out) {
        FieldWriter fields = new FieldWriter(out)
                .u8(VERSION)
                .u64(command.id().client())
                .u64(command.id().number());
        switch (command.request()) {
            case Request.Enroll(GroupSettings group) ->
                fields.u8(ENROLL)
                        .name(group.group().name())
                        .name(group.siteA().name())
                        .name(group.siteB().name())
                        .name(group.initialOwner().name());
            case Request.Change change ->
                fields.u8(CHANGE)
                        .u64(change.expectedTerm())
                        .name(change.group().name())
                        .name(change.asker().name())
                        .name(change.owner().name())
                        .sites(change.inSync())
                        .text(change.reason());
            case Request.Recover(
                    GroupSettings group,
                    long above,
                    int drawn,
                    SiteId asker,
                    SiteId owner,
                    String reason) ->
                fields.u8(RECOVER)
                        .u64(above)
                        .u32(drawn)
                        .name(group.group().name())
                        .name(group.siteA().name())
                        .name(group.siteB().name())
                        .name(group.initialOwner().name())
                        .name(asker.name())
                        .name(owner.name())
                        .text(reason);
            case Request.Force force ->
                fields.u8(FORCE)
                        .u64(force.expectedTerm())
                        .name(force.group().name())
                        .name(force.asker().name())
                        .name(force.owner().name())
                        .text(force.reason());
        }
    }

    /** Reads a command. */
    public static Command command(ByteBuf in) throws IllegibleException {
        FieldReader fields = new FieldReader(in);
        try {
            int version = fields.u8();
            if (version != VERSION) {
                throw new IllegibleException("a command of version " + version + ", this node knows " + VERSION);
            }
            RequestId id = new RequestId(fields.u64(), fields.u64());
            Request request = request(fields.u8(), fields);
            fields.end();
            return new Command(request, id);
        } catch (Malformed | IllegalArgumentException e) {
            throw new IllegibleException("not a command: " + e.getMessage());
        }
    }

    private static Request request(int type, FieldReader in) throws Malformed, IllegibleException {
        return switch (type) {
            case ENROLL -> new Request.Enroll(new GroupSettings(in.group(), in.site(), in.site(), in.site()));
            case CHANGE -> {
                long term = in.u64();
                yield new Request.Change(in.group(), term, in.site(), in.site(), in.sites(), in.text());
            }
            case FORCE -> {
                long term = in.u64();
                yield new Request.Force(in.group(), term, in.site(), in.site(), in.text());
            }
            case RECOVER -> {
                long above = in.u64();
                int drawn = in.u32();
                GroupSettings group = new GroupSettings(in.group(), in.site(), in.site(), in.site());
                yield new Request.Recover(group, above, drawn, in.site(), in.site(), in.text());
            }
            default -> throw new IllegibleException("not a command: unknown type " + type);
        };
    }

    /** Appends an outcome. */
    public static void encode(Outcome outcome, ByteBuf out) {
        FieldWriter fields = new FieldWriter(out);
        switch (outcome) {
            case Outcome.Decided(Answer.Granted granted) -> fields.u8(GRANTED).record(granted.record());
            case Outcome.Decided(Answer.Refused refused) ->
                fields.u8(REFUSED).record(refused.current()).text(refused.reason());
            case Outcome.Invalid(String reason) -> fields.u8(INVALID).text(reason);
        }
    }

    /** Reads an outcome. */
    public static Outcome outcome(ByteBuf in) throws IllegibleException {
        FieldReader fields = new FieldReader(in);
        try {
            int type = fields.u8();
            return switch (type) {
                case GRANTED -> new Outcome.Decided(new Answer.Granted(fields.record()));
                case REFUSED -> new Outcome.Decided(new Answer.Refused(fields.record(), fields.text()));
                case INVALID -> new Outcome.Invalid(fields.text());
                default -> throw new IllegibleException("not an outcome: unknown type " + type);
            };
        } catch (Malformed e) {
            throw new IllegibleException("not an outcome: " + e.getMessage());
        }
    }
}
