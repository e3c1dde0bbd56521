package org.secondsite.replicator.agent;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * A libvirt domain's description, as {@code virsh dumpxml} writes it. Source: libvirt's docs/formatdomain.rst and docs/drvqemu.rst.
 *
 * <p>The agent needs a monitor of its own, and RAM that others may map: what lacks is said with the lines to add.
 *
 * @param name the domain's name
 * @param ramBytes the RAM that it has when it starts
 * @param monitor the Unix socket of the monitor that its QEMU has beside libvirt's
 * @param macs of its network cards
 * @param disks its writable disks
 * @param text the description
 */
public record DomainXml(String name, long ramBytes, Path monitor, List<String> macs, List<Disk> disks, String text) {
    private static final String QEMU = "http://libvirt.org/schemas/domain/qemu/1.0";
    private static final String ARGUMENT = "arg";
    private static final String VALUE = "value";
    private static final int MAX_CHARS = 1 << 20;
    private static final Pattern TARGET = Pattern.compile("[a-z]d([a-z]{1,3})");
    private static final int LETTERS = 26;

    private static final Map<String, Long> UNITS = Map.ofEntries(
            Map.entry("b", 1L),
            Map.entry("bytes", 1L),
            Map.entry("kb", 1000L),
            Map.entry("k", 1L << 10),
            Map.entry("kib", 1L << 10),
            Map.entry("mb", 1000_000L),
            Map.entry("m", 1L << 20),
            Map.entry("mib", 1L << 20),
            Map.entry("gb", 1000_000_000L),
            Map.entry("g", 1L << 30),
            Map.entry("gib", 1L << 30));

    /**
     * A disk that the domain can write.
     *
     * @param target its name in the description, such as {@code vda}
     * @param device the id that QEMU's device has, such as {@code virtio-disk0}; empty if that is not known before the domain runs
     * @param shareable whether it says that others have it, too
     */
    public record Disk(String target, Optional<String> device, boolean shareable) {
        @Override
        public String toString() {
            return target;
        }
    }

    /** Copies the lists. */
    public DomainXml {
        macs = List.copyOf(macs);
        disks = List.copyOf(disks);
    }

    /**
     * Reads a description.
     *
     * @throws IllegalArgumentException if it is none, or the agent could not protect such a domain, with what to do
     */
    public static DomainXml parse(String text) {
        Document document = document(text);
        Element domain = document.getDocumentElement();
        if (!domain.getTagName().equals("domain")) {
            throw new IllegalArgumentException(
                    "is no description of a libvirt domain, but of a " + domain.getTagName());
        }
        String name = child(domain, "name")
                .map(Element::getTextContent)
                .map(String::strip)
                .orElse("");
        if (name.isEmpty()) {
            throw new IllegalArgumentException("has no name of a domain");
        }
        requireSharedRam(name, domain);
        Path monitor = monitor(domain)
                .orElseThrow(() -> new IllegalArgumentException("domain " + name
                        + " has no monitor for the agent: add to its <domain xmlns:qemu='" + QEMU
                        + "'> the element <qemu:commandline><qemu:arg value='-qmp'/><qemu:arg"
                        + " value='unix:SOCKET,server=on,wait=off'/></qemu:commandline>"));
        List<String> macs = new ArrayList<>();
        List<Disk> disks = new ArrayList<>();
        child(domain, "devices").ifPresent(devices -> {
            for (Element card : children(devices, "interface")) {
                child(card, "mac").ifPresent(mac -> macs.add(mac.getAttribute("address")));
            }
            children(devices, "disk").forEach(disk -> disk(disk).ifPresent(disks::add));
        });
        return new DomainXml(name, ram(name, domain), monitor, macs, disks, text);
    }

    private static Optional<Disk> disk(Element disk) {
        boolean written = child(disk, "readonly").isEmpty()
                && !disk.getAttribute("device").equals("cdrom");
        return child(disk, "target")
                .filter(target -> written)
                .map(target -> new Disk(
                        target.getAttribute("dev"),
                        device(disk, target),
                        child(disk, "shareable").isPresent()));
    }

    /** Source: qemuAssignDeviceDiskAlias of libvirt's src/qemu/qemu_alias.c. That of a SCSI disk depends on its controller's model. */
    private static Optional<String> device(Element disk, Element target) {
        Optional<String> given =
                child(disk, "alias").map(alias -> alias.getAttribute("name")).filter(name -> !name.isEmpty());
        String bus = target.getAttribute("bus");
        if (given.isPresent() || bus.isEmpty() || bus.equals("scsi")) {
            return given;
        }
        Optional<Element> drive = child(disk, "address")
                .filter(address -> address.getAttribute("type").equals("drive"));
        if (drive.isPresent()) {
            return drive.map(at ->
                    bus + at.getAttribute("controller") + "-" + at.getAttribute("bus") + "-" + at.getAttribute("unit"));
        }
        boolean onPci = bus.equals("virtio");
        return onPci ? index(target.getAttribute("dev")).map(index -> bus + "-disk" + index) : Optional.empty();
    }

    /** 0 of {@code vda}, 26 of {@code vdaa}. */
    private static Optional<Integer> index(String target) {
        Matcher name = TARGET.matcher(target);
        if (!name.matches()) {
            return Optional.empty();
        }
        int index = 0;
        for (char letter : name.group(1).toCharArray()) {
            index = index * LETTERS + (letter - 'a' + 1);
        }
        return Optional.of(index - 1);
    }

    /** The names of its disks, by the ids that QEMU's devices have. */
    public Map<String, String> diskNames() {
        Map<String, String> names = new TreeMap<>();
        disks.forEach(disk -> disk.device().ifPresent(device -> names.put(device, disk.target())));
        return names;
    }

    private static void requireSharedRam(String name, Element domain) {
        boolean shared = child(domain, "memoryBacking")
                .flatMap(backing -> child(backing, "access"))
                .filter(access -> access.getAttribute("mode").equals("shared"))
                .isPresent();
        boolean own = arguments(domain).stream()
                .anyMatch(argument -> argument.startsWith("memory-backend-") && argument.contains("share=on"));
        if (!shared && !own) {
            throw new IllegalArgumentException(
                    "the RAM of domain " + name
                            + " is not shared: add <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>");
        }
    }

    private static long ram(String name, Element domain) {
        Element memory = child(domain, "memory")
                .orElseThrow(() -> new IllegalArgumentException("domain " + name + " has no <memory>"));
        String unit = memory.getAttribute("unit").toLowerCase(Locale.ROOT);
        Long factor = UNITS.get(unit.isEmpty() ? "kib" : unit);
        try {
            long number = Long.parseLong(memory.getTextContent().strip());
            if (factor != null && number > 0) {
                return Math.multiplyExact(number, factor);
            }
        } catch (NumberFormatException | ArithmeticException none) {
            // It is refused below.
        }
        throw new IllegalArgumentException(
                "domain " + name + " has " + memory.getTextContent().strip() + " " + unit + " of <memory>");
    }

    private static Optional<Path> monitor(Element domain) {
        List<String> arguments = arguments(domain);
        for (int i = 0; i + 1 < arguments.size(); i++) {
            String value = arguments.get(i + 1);
            if (arguments.get(i).equals("-qmp") && value.startsWith("unix:")) {
                return Optional.of(Path.of(value.substring("unix:".length()).split(",", -1)[0]));
            }
        }
        return Optional.empty();
    }

    private static List<String> arguments(Element domain) {
        List<String> arguments = new ArrayList<>();
        NodeList all = domain.getElementsByTagNameNS(QEMU, ARGUMENT);
        for (int i = 0; i < all.getLength(); i++) {
            arguments.add(((Element) all.item(i)).getAttribute(VALUE));
        }
        return arguments;
    }

    /**
     * The same domain where it waits for the state of this one: without what belongs to the host where it runs, and with what makes QEMU
     * wait.
     */
    public String waiting() {
        Document document = document(text);
        Element domain = document.getDocumentElement();
        domain.removeAttribute("id");
        for (Element label : children(domain, "seclabel")) {
            if (label.getAttribute("type").equals("dynamic")) {
                domain.removeChild(label);
            }
        }
        NodeList lines = domain.getElementsByTagNameNS(QEMU, "commandline");
        Element line = (Element) lines.item(0);
        for (String value : List.of("-incoming", "defer")) {
            String prefix = line.getPrefix();
            Element argument = document.createElementNS(QEMU, (prefix == null ? "" : prefix + ":") + ARGUMENT);
            argument.setAttribute(VALUE, value);
            line.appendChild(argument);
        }
        return text(document);
    }

    private static Optional<Element> child(Element parent, String name) {
        return children(parent, name).stream().findFirst();
    }

    private static List<Element> children(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element && element.getTagName().equals(name)) {
                found.add(element);
            }
        }
        return found;
    }

    /** Nothing outside of the text is read for it. */
    private static Document document(String text) {
        if (text.length() > MAX_CHARS) {
            throw new IllegalArgumentException("has " + text.length() + " characters, more than a domain has");
        }
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.setNamespaceAware(true);
            DocumentBuilder builder = factory.newDocumentBuilder();
            builder.setErrorHandler(null);
            return builder.parse(new InputSource(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8))));
        } catch (SAXException damaged) {
            throw new IllegalArgumentException("is no XML: " + damaged.getMessage(), damaged);
        } catch (ParserConfigurationException | IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String text(Document document) {
        try {
            TransformerFactory factory = TransformerFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            Transformer transformer = factory.newTransformer();
            transformer.setOutputProperty(OutputKeys.ENCODING, StandardCharsets.UTF_8.name());
            transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            transformer.transform(new DOMSource(document), new StreamResult(out));
            return out.toString(StandardCharsets.UTF_8);
        } catch (TransformerException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
