# The emulated board: where the slots are, and what starts the kernel.
part=2
if test "${slot}" = "b"; then part=3; fi
setenv bootargs "root=/dev/vda${part} ro quiet panic=10 console=ttyS0 slipway.slot=${slot}"
if load virtio 0:${part} 0x4000000 /boot/vmlinuz; then
  if load virtio 0:${part} 0x8000000 /boot/initrd.img; then
    zboot 0x4000000 - 0x8000000 ${filesize}
  fi
fi
echo "slot ${slot} cannot be loaded"
sleep 10
reset
