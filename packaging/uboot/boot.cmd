# U-Boot's part of an update with two slots, a and b. The device's part writes these variables into
# U-Boot's environment, all of them at once, and nothing else does:
#
#   slipway_good   the slot that boots unless there is a trial
#   slipway_try    the slot on trial, or none
#   slipway_tries  how many boots it still has, 0 to 7
#
# One try less is saved BEFORE the slot on trial is loaded. If that cannot be saved, and for every
# value that is not exactly one of those above, the good slot boots.
#
# Keep the environment in two copies (CONFIG_SYS_REDUNDAND_ENVIRONMENT), and name both of them in
# /etc/fw_env.config. A board without saveenv may set slipway_save to what saves there.
#
# Make the script with: mkimage -A arm64 -T script -C none -d boot.cmd boot.scr

good=a
if test "${slipway_good}" = "b"; then good=b; fi
slot=${good}
next=none
if test "${slipway_tries}" = "1"; then next=0; fi
if test "${slipway_tries}" = "2"; then next=1; fi
if test "${slipway_tries}" = "3"; then next=2; fi
if test "${slipway_tries}" = "4"; then next=3; fi
if test "${slipway_tries}" = "5"; then next=4; fi
if test "${slipway_tries}" = "6"; then next=5; fi
if test "${slipway_tries}" = "7"; then next=6; fi
wanted=none
if test "${slipway_try}" = "a"; then wanted=a; fi
if test "${slipway_try}" = "b"; then wanted=b; fi
if test "${wanted}" != "none"; then
  if test "${next}" != "none"; then
    setenv slipway_tries ${next}
    if test -n "${slipway_save}"; then
      if run slipway_save; then slot=${wanted}; fi
    else
      if saveenv; then slot=${wanted}; fi
    fi
  fi
fi
echo "slot ${slot} boots; good: ${good}, on trial: ${wanted}, tries left: ${slipway_tries}"

# Where the slots are, and what starts the kernel. Change the rest for your board.
part=2
if test "${slot}" = "b"; then part=3; fi
# The agent gives up a trial in which it cannot even start.
trial=0
if test "${slot}" != "${good}"; then trial=1; fi
setenv bootargs "root=/dev/mmcblk${devnum}p${part} ro rootwait quiet panic=10 slipway.slot=${slot} slipway.trial=${trial}"
if load ${devtype} ${devnum}:${part} ${kernel_addr_r} /boot/Image; then
  if load ${devtype} ${devnum}:${part} ${fdt_addr_r} /boot/board.dtb; then
    booti ${kernel_addr_r} - ${fdt_addr_r}
  fi
fi
echo "slot ${slot} cannot be loaded"
# The trial has been counted, so this comes to an end in the good slot.
sleep 10
reset
