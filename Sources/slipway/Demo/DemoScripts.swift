/// The two shell scripts that make a simulated machine; short enough to be read at a sitting.
enum DemoScripts {
    /// A machine: its bootloader, and the agent as all of its software.
    ///
    /// Boots as `SimulatedBootloader` describes. Whatever ends the agent ends the boot, as a power
    /// cut or a reboot would.
    static let machine = #"""
        #!/bin/sh
        # usage: machine.sh FOLDER AGENT
        set -u
        folder=$1 agent=$2
        boot=$folder/boot
        child=
        trap 'test -n "$child" && kill "$child" 2>/dev/null; exit 0' TERM INT HUP
        value() { sed -n "s/^$1=//p" "$boot/environment"; }
        replace() { cat >"$1.boot" && mv "$1.boot" "$1"; }

        while [ -d "$folder" ]; do
            slot=$(value confirmed) trial=$(value trial) tries=$(value tries)
            if [ -n "$trial" ] && [ "$tries" = 1 ]; then
                # The try is taken before the slot is booted, so that there is only one.
                printf 'confirmed=%s\ntrial=%s\ntries=0\n' "$slot" "$trial" |
                    replace "$boot/environment"
                slot=$trial
            fi
            printf 'slot=%s\nboot_id=%s\n' "$slot" "$(cat /proc/sys/kernel/random/uuid)" |
                replace "$boot/booted"
            "$agent" run --config "$folder/device.json" 2>>"$folder/log" &
            child=$!
            echo "$child" | replace "$folder/agent.pid"
            # A machine needs a moment to start again; a broken one must not spin.
            wait "$child" || sleep 0.2
            child=
        done

        """#

    /// The health check of all machines: an image that is a program says itself how it is.
    ///
    /// Any other image, such as a real firmware, is healthy when its slot can be read.
    static let health = #"""
        #!/bin/sh
        # usage: health.sh SLOT
        case $(head -c 2 "$1" | tr -d '\0') in
        '#!') exec /bin/sh "$1" ;;
        *) cat "$1" >/dev/null ;;
        esac

        """#
}
