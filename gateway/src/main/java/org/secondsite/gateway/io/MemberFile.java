package org.secondsite.gateway.io;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.Recollection;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.net.io.NewestOnDisk;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a gateway remembers of its groups' members, on its disk: each group with the term in which this site came to own it last, and each
 * ticked VM that is no member with what it is, and each that is one, as far as is known.
 *
 * <pre>
 *   secondsite-members 1
 *   group web owned 17
 *   vm db1 older
 *   member db2
 *   group shop owned 0
 *   sum 3b2f10aa
 * </pre>
 *
 * <p>A file that is not there, or is not what was written, is no obstacle to a start: what runs here is held until somebody says that it is
 * the newest. A damaged one is put aside as {@code NAME.damaged}.
 */
public final class MemberFile implements Surroundings.Memory, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MemberFile.class);
    private static final String HEAD = "secondsite-members 1\n";
    private static final Pattern LINE =
            Pattern.compile("group (?<group>[a-z0-9-]{1,63}) owned (?<term>\\d{1,19})|vm (?<vm>[a-z0-9-]{1,63})"
                    + " (?<copy>only|older|doubtful)|member (?<member>[a-z0-9-]{1,63})");
    private static final Pattern WHOLE = Pattern.compile("(?<said>.*)sum (?<sum>[0-9a-f]{8})\n", Pattern.DOTALL);
    private static final Map<Recollection.Copy, String> WORDS = new EnumMap<>(Recollection.Copy.class);

    static {
        for (Recollection.Copy copy : Recollection.Copy.values()) {
            WORDS.put(copy, copy.name().toLowerCase(Locale.ROOT));
        }
    }

    private final NewestOnDisk disk;

    private MemberFile(NewestOnDisk disk) {
        this.disk = disk;
    }

    /**
     * Is ready to write, in place of what is there.
     *
     * @param post told what the disk has taken, and what it does not take; on the writing thread
     */
    public static MemberFile open(Path file, Consumer<SiteEvent> post) {
        return new MemberFile(NewestOnDisk.open(file, "members", 0, new NewestOnDisk.Keeper() {
            @Override
            public void written(long number) {
                post.accept(new SiteEvent.Written(number));
            }

            @Override
            public void failed(long number, String why) {
                post.accept(new SiteEvent.Unwritten(why));
            }
        }));
    }

    /** Reads what is remembered. */
    public static Recollection read(Path file) {
        try {
            String content = Files.readString(file, US_ASCII);
            return parse(content);
        } catch (NoSuchFileException e) {
            return new Recollection.Lost(file + " is not there");
        } catch (CharacterCodingException | IllegalArgumentException e) {
            LOG.error("{} is damaged, and put aside: {}", file, e.toString());
            putAside(file);
            return new Recollection.Lost(file + " was damaged");
        } catch (IOException e) {
            LOG.error("{} cannot be read", file, e);
            return new Recollection.Lost(file + " could not be read: " + e.getMessage());
        }
    }

    private static void putAside(Path file) {
        try {
            Files.move(
                    file,
                    file.resolveSibling(file.getFileName() + ".damaged"),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("{} stays where it is", file, e);
        }
    }

    private static Recollection parse(String content) {
        Matcher whole = WHOLE.matcher(content);
        if (!whole.matches() || !whole.group("sum").equals(sum(whole.group("said"))) || !content.startsWith(HEAD)) {
            throw new IllegalArgumentException("its sum is wrong");
        }
        Map<GroupId, Long> terms = new LinkedHashMap<>();
        Map<GroupId, Map<VmId, Recollection.Copy>> outside = new HashMap<>();
        Map<GroupId, Set<VmId>> members = new HashMap<>();
        GroupId group = null;
        for (String line : whole.group("said").substring(HEAD.length()).lines().toList()) {
            Matcher words = LINE.matcher(line);
            if (!words.matches() || (words.group("group") == null && group == null)) {
                throw new IllegalArgumentException("no such line is written: " + line);
            }
            if (words.group("member") != null) {
                members.get(group).add(new VmId(words.group("member")));
            } else if (words.group("vm") == null) {
                group = new GroupId(words.group("group"));
                terms.put(group, Long.parseLong(words.group("term")));
                outside.put(group, new HashMap<>());
                members.put(group, new HashSet<>());
            } else {
                outside.get(group)
                        .put(
                                new VmId(words.group("vm")),
                                Recollection.Copy.valueOf(words.group("copy").toUpperCase(Locale.ROOT)));
            }
        }
        Map<GroupId, Recollection.OfGroup> all = new HashMap<>();
        terms.forEach((id, term) -> all.put(id, new Recollection.OfGroup(term, outside.get(id), members.get(id))));
        return new Recollection.Known(all);
    }

    private static String content(Recollection.Known all) {
        StringBuilder text = new StringBuilder(HEAD);
        new TreeMap<>(all.groups()).forEach((group, known) -> {
            text.append("group ")
                    .append(group)
                    .append(" owned ")
                    .append(known.ownedTerm())
                    .append('\n');
            new TreeMap<>(known.outside()).forEach((vm, copy) -> text.append("vm ")
                    .append(vm)
                    .append(' ')
                    .append(WORDS.get(copy))
                    .append('\n'));
            new TreeSet<>(known.members())
                    .forEach(vm -> text.append("member ").append(vm).append('\n'));
        });
        return text + "sum " + sum(text.toString()) + '\n';
    }

    private static String sum(String said) {
        CRC32 sum = new CRC32();
        sum.update(said.getBytes(US_ASCII));
        return String.format("%08x", sum.getValue());
    }

    @Override
    public void keep(long number, Recollection.Known all) {
        disk.keep(number, content(all));
    }

    /** Writes what is still to be written, if the disk takes it soon. */
    @Override
    public void close() {
        disk.close();
    }
}
