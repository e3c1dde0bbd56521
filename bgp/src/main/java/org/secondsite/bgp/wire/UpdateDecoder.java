package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.secondsite.bgp.wire.AttributeType.Parsed;

/**
 * Reads the body of one UPDATE under the revised error handling of RFC 7606: the strictest treatment that any fault asks
 * for wins, faults that need no reset are collected, and prefixes are always read so that they can be withdrawn.
 */
final class UpdateDecoder {
    private final SessionTraits traits;
    private final List<Fault> faults = new ArrayList<>();
    private final List<PathAttribute> attributes = new ArrayList<>();
    private Optional<Decoded.Reset> reset = Optional.empty();
    /** MP_REACH_NLRI was there, of a family that is not kept: no route can have been lost. */
    private boolean reachIgnored;

    private UpdateDecoder(SessionTraits traits) {
        this.traits = traits;
    }

    /** The buffer holds exactly the body, that is, the message without its header. */
    static Decoded decode(ByteBuf body, SessionTraits traits) {
        return new UpdateDecoder(traits).decode(body);
    }

    private Decoded decode(ByteBuf body) {
        // RFC 4271 §6.3: both lengths are checked against the message before anything in them is.
        int withdrawnOctets = body.readUnsignedShort();
        if (withdrawnOctets + 2 > body.readableBytes()) {
            return Decoded.Reset.of(
                    BgpError.MALFORMED_ATTRIBUTE_LIST, "withdrawn routes of " + withdrawnOctets + " octets run past");
        }
        ByteBuf withdrawnField = body.readSlice(withdrawnOctets);
        int attributeOctets = body.readUnsignedShort();
        if (attributeOctets > body.readableBytes()) {
            return Decoded.Reset.of(
                    BgpError.MALFORMED_ATTRIBUTE_LIST, "attributes of " + attributeOctets + " octets run past");
        }
        ByteBuf attributeField = body.readSlice(attributeOctets);

        Prefixes.Read withdrawn = Prefixes.readAll(withdrawnField, AddressFamily.IPV4_UNICAST, traits);
        Prefixes.Read announced = Prefixes.readAll(body, AddressFamily.IPV4_UNICAST, traits);
        if (withdrawn.fault().isPresent() || announced.fault().isPresent()) {
            // RFC 7606 §3 j: prefixes that cannot be read cannot be withdrawn either.
            String fault = withdrawn.fault().or(announced::fault).orElseThrow();
            return Decoded.Reset.of(BgpError.INVALID_NETWORK_FIELD, fault);
        }
        readAttributes(attributeField);
        if (reset.isPresent()) {
            return reset.get();
        }
        mergeOldSpeakerAttributes();
        boolean hasReach = attributes.stream().anyMatch(PathAttribute.MpReach.class::isInstance);
        checkMandatory(!announced.prefixes().isEmpty(), hasReach);

        UpdateMessage update =
                new UpdateMessage(withdrawn.prefixes(), PathAttributes.of(attributes), announced.prefixes());
        Decoded.Message message = new Decoded.Message(update, faults);
        if (message.treatAsWithdraw() && update.reachable().isEmpty() && !reachIgnored) {
            // RFC 7606 §5.2: attributes without a reachable prefix, and at fault in value or framing: a route may have
            // been
            // lost unseen.
            Fault fault = faults.stream()
                    .filter(f -> f.treatment() == Treatment.TREAT_AS_WITHDRAW)
                    .findFirst()
                    .orElseThrow();
            return Decoded.Reset.of(fault.error(), fault.detail() + ", and no prefix that could be withdrawn");
        }
        return message;
    }

    private void readAttributes(ByteBuf field) {
        BitSet seen = new BitSet(256);
        while (field.isReadable() && reset.isEmpty()) {
            int start = field.readerIndex();
            if (field.readableBytes() < 3) {
                fault(-1, BgpError.MALFORMED_ATTRIBUTE_LIST, "an attribute is cut in its header");
                break;
            }
            int flags = field.readUnsignedByte();
            int code = field.readUnsignedByte();
            boolean extended = (flags & AttributeType.EXTENDED_LENGTH_BIT) != 0;
            if (extended && field.readableBytes() < 2) {
                fault(code, BgpError.MALFORMED_ATTRIBUTE_LIST, "an attribute is cut in its length");
                break;
            }
            int length = extended ? field.readUnsignedShort() : field.readUnsignedByte();
            if (length > field.readableBytes()) {
                overrun(code, length, field.readableBytes());
                break;
            }
            ByteBuf value = field.readSlice(length);
            ByteBuf whole = field.slice(start, field.readerIndex() - start);
            if (seen.get(code)) {
                repeated(code);
            } else {
                seen.set(code);
                readOne(flags, code, value, whole);
            }
        }
    }

    /** RFC 7606 §4: what follows the attribute is lost, and with MP attributes so are the prefixes. */
    private void overrun(int code, int length, int there) {
        String detail = "attribute " + code + " of " + length + " octets in " + there;
        boolean carriesPrefixes =
                code == AttributeType.MP_REACH_NLRI.code() || code == AttributeType.MP_UNREACH_NLRI.code();
        if (carriesPrefixes) {
            reset = Optional.of(Decoded.Reset.of(BgpError.OPTIONAL_ATTRIBUTE_ERROR, detail));
        } else {
            fault(code, BgpError.ATTRIBUTE_LENGTH_ERROR, detail);
        }
    }

    /** RFC 7606 §3 g. */
    private void repeated(int code) {
        if (code == AttributeType.MP_REACH_NLRI.code() || code == AttributeType.MP_UNREACH_NLRI.code()) {
            reset = Optional.of(
                    Decoded.Reset.of(BgpError.MALFORMED_ATTRIBUTE_LIST, "attribute " + code + " stands twice"));
        } else {
            faults.add(new Fault(
                    code,
                    Treatment.ATTRIBUTE_DISCARD,
                    BgpError.MALFORMED_ATTRIBUTE_LIST,
                    "repeated: the first counts"));
        }
    }

    private void readOne(int flags, int code, ByteBuf value, ByteBuf whole) {
        Optional<AttributeType> known = AttributeType.ofCode(code);
        if (known.isEmpty()) {
            if ((flags & AttributeType.OPTIONAL_BIT) == 0) {
                fault(code, BgpError.UNRECOGNIZED_WELL_KNOWN_ATTRIBUTE, "unknown well-known attribute " + code);
            } else {
                attributes.add(new PathAttribute.Unrecognized(
                        flags & ~AttributeType.EXTENDED_LENGTH_BIT, code, Octets.copyOf(value)));
            }
            return;
        }
        AttributeType type = known.get();
        if (!type.peers().include(traits)) {
            faults.add(new Fault(
                    code,
                    Treatment.ATTRIBUTE_DISCARD,
                    BgpError.OPTIONAL_ATTRIBUTE_ERROR,
                    type + " is not for this kind of peer"));
            return;
        }
        if (!type.flags().agreesWith(flags)) {
            String detail = String.format(Locale.ROOT, "%s with flags 0x%02x", type, flags);
            act(type, strictest(type.malformedTreatment()), BgpError.ATTRIBUTE_FLAGS_ERROR, detail, whole);
            return;
        }
        switch (type.parser().parse(value, traits)) {
            case Parsed.Sound(PathAttribute attribute) -> attributes.add(attribute);
            case Parsed.Malformed(BgpError error, String detail) ->
                act(type, type.malformedTreatment(), error, type + ": " + detail, whole);
            case Parsed.Ignored(BgpError error, String detail) -> {
                reachIgnored |= type == AttributeType.MP_REACH_NLRI;
                faults.add(new Fault(code, Treatment.ATTRIBUTE_DISCARD, error, detail));
            }
        }
    }

    private static Treatment strictest(Treatment treatment) {
        return treatment == Treatment.ATTRIBUTE_DISCARD ? Treatment.TREAT_AS_WITHDRAW : treatment;
    }

    private void act(AttributeType type, Treatment treatment, BgpError error, String detail, ByteBuf whole) {
        if (treatment == Treatment.SESSION_RESET) {
            // RFC 4271 §6.3: the data field holds the erroneous attribute.
            reset = Optional.of(Decoded.Reset.of(error, Octets.copyOf(whole), detail));
        } else {
            faults.add(new Fault(type.code(), treatment, error, detail));
        }
    }

    private void fault(int code, BgpError error, String detail) {
        faults.add(new Fault(code, Treatment.TREAT_AS_WITHDRAW, error, detail));
    }

    /** RFC 6793 §4.2.3: what an old speaker could not say stands in AS4_PATH and AS4_AGGREGATOR. */
    private void mergeOldSpeakerAttributes() {
        PathAttributes read = PathAttributes.of(attributes);
        Optional<PathAttribute.Aggregator> aggregator = read.get(PathAttribute.Aggregator.class);
        Optional<PathAttribute.As4Aggregator> as4Aggregator = read.get(PathAttribute.As4Aggregator.class);
        attributes.removeIf(a -> a instanceof PathAttribute.As4Path || a instanceof PathAttribute.As4Aggregator);
        boolean aggregatorIsTrue =
                aggregator.isPresent() && aggregator.get().as() != OpenMessage.AS_TRANS && as4Aggregator.isPresent();
        if (aggregatorIsTrue) {
            return; // both AS4 attributes are to be ignored then
        }
        if (aggregator.isPresent() && as4Aggregator.isPresent()) {
            attributes.remove(aggregator.get());
            attributes.add(new PathAttribute.Aggregator(
                    as4Aggregator.get().as(), as4Aggregator.get().address()));
        }
        Optional<AsPath> path = read.get(AsPath.class);
        Optional<PathAttribute.As4Path> as4Path = read.get(PathAttribute.As4Path.class);
        if (path.isPresent() && as4Path.isPresent()) {
            if (!traits.asSets() && as4Path.get().path().hasSets()) {
                fault(AttributeType.AS4_PATH.code(), BgpError.MALFORMED_AS_PATH, "an AS set"); // RFC 9774 §3
            }
            attributes.remove(path.get());
            attributes.add(path.get().mergedWith(as4Path.get().path()));
        }
    }

    /** RFC 7606 §3 d, RFC 4760 §3: NEXT_HOP only goes with the NLRI field, LOCAL_PREF only between internal peers. */
    private void checkMandatory(boolean announcesIpv4, boolean hasReach) {
        if (!announcesIpv4 && !hasReach) {
            return;
        }
        requirePresent(AttributeType.ORIGIN);
        requirePresent(AttributeType.AS_PATH);
        if (announcesIpv4) {
            requirePresent(AttributeType.NEXT_HOP);
        }
        if (!traits.external()) {
            requirePresent(AttributeType.LOCAL_PREF);
        }
    }

    private void requirePresent(AttributeType type) {
        boolean present = attributes.stream().anyMatch(a -> a.typeCode() == type.code());
        boolean known = faults.stream().anyMatch(f -> f.attributeCode() == type.code());
        if (!present && !known) {
            fault(type.code(), BgpError.MISSING_WELL_KNOWN_ATTRIBUTE, type + " is missing");
        }
    }
}
